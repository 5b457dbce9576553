/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copying, and nothing else: the page is whole without it. */
(function () {
    "use strict";
    var told = document.getElementById("copied");

    /* A page that is opened as a file has no clipboard of its own in some browsers: then the text is selected. */
    function copySelected(code) {
        var selection = window.getSelection(), range = document.createRange();

        range.selectNodeContents(code);
        selection.removeAllRanges();
        selection.addRange(range);
        return document.execCommand("copy");
    }

    function say(button, done) {
        button.textContent = done ? "Copied" : "Selected";
        told.textContent = done ? "Copied." : "Selected: press the keys for copying.";
        window.setTimeout(function () {
            button.textContent = "Copy";
            told.textContent = "";
        }, 2000);
    }

    function copy(event) {
        var button = event.currentTarget, code = button.parentNode.querySelector("code");

        function selected() {
            say(button, copySelected(code));
        }
        if (!navigator.clipboard || !window.isSecureContext) {
            selected();
            return;
        }
        navigator.clipboard.writeText(code.textContent).then(function () {
            say(button, true);
        }, selected);
    }

    Array.prototype.forEach.call(document.querySelectorAll(".copyable button"), function (button) {
        button.hidden = false;
        button.addEventListener("click", copy);
    });
})();
