/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "html_page.h"

#include "html_text.h"
#include "page_parts.h" /* page.css and page.js as strings, made by CMakeLists.txt */

/* The sum by which a policy knows a style sheet or a script (CSP Level 3, section 6.7.2.8). */
static char *sum_of(const char *text)
{
    GChecksum *checksum = g_checksum_new(G_CHECKSUM_SHA256);
    guint8 sum[32];
    gsize bytes = sizeof sum;
    char *base64, *source;

    g_checksum_update(checksum, (const guchar *)text, -1);
    g_checksum_get_digest(checksum, sum, &bytes);
    g_checksum_free(checksum);
    base64 = g_base64_encode(sum, bytes);
    source = g_strdup_printf("'sha256-%s'", base64);
    g_free(base64);
    return source;
}

/* Pictures of the page itself are allowed for the empty icon alone, which keeps a browser from asking for one. */
static void append_policy(GString *out, const char *style)
{
    char *style_sum = sum_of(style), *script_sum = sum_of(page_js);
    char *policy = g_strdup_printf("default-src 'none'; img-src data:; style-src %s; script-src %s; "
                                   "base-uri 'none'; form-action 'none'",
                                   style_sum, script_sum);

    g_string_append(out, "<meta http-equiv=\"Content-Security-Policy\"");
    tcpt_html_attribute(out, "content", policy);
    g_string_append(out, ">\n");
    g_free(style_sum);
    g_free(script_sum);
    g_free(policy);
}

void tcpt_page_begin(GString *out, const char *title, const char *style)
{
    char *whole = g_strconcat("\n", page_css, style ? style : "", NULL);

    g_string_append(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    append_policy(out, whole);
    g_string_append(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                         "<meta name=\"color-scheme\" content=\"light dark\">\n"
                         "<meta name=\"referrer\" content=\"no-referrer\">\n"
                         "<link rel=\"icon\" href=\"data:,\">\n");
    tcpt_html_element(out, "title", NULL, title);
    g_string_append_printf(out, "\n<style>%s</style>\n</head>\n<body>\n", whole);
    g_free(whole);
    g_string_append(out,
                    "<a class=\"skip\" href=\"#main\">Skip to the report</a>\n<main id=\"main\" tabindex=\"-1\">\n");
}

void tcpt_page_end(GString *out, const char *made_by)
{
    g_string_append(out, "</main>\n<footer>\n<p>");
    if (made_by) {
        tcpt_html_text(out, made_by);
        g_string_append(out, ". ");
    }
    g_string_append(out, "This page is one file and loads nothing from anywhere.</p>\n</footer>\n");
    g_string_append_printf(out, "<p id=\"copied\" class=\"unseen\" role=\"status\"></p>\n<script>%s</script>\n",
                           page_js);
    g_string_append(out, "</body>\n</html>\n");
}

/* The script shows the buttons: without one they would do nothing. */
void tcpt_page_copyable(GString *out, const char *what, const char *text)
{
    char *name = g_strdup_printf("Copy the %s", what);

    g_string_append(out, "<div class=\"copyable\"><code>");
    tcpt_html_text(out, text);
    g_string_append(out, "</code><button type=\"button\" hidden");
    tcpt_html_attribute(out, "aria-label", name);
    g_string_append(out, ">Copy</button></div>\n");
    g_free(name);
}

void tcpt_page_row(GString *out, unsigned level, const char *heading)
{
    g_string_append_printf(out, "<section class=\"row\"><h%u>", level);
    tcpt_html_text(out, heading);
    g_string_append_printf(out, "</h%u><div>\n", level);
}

void tcpt_page_row_end(GString *out)
{
    g_string_append(out, "</div></section>\n");
}

void tcpt_page_take_row(GString *out, unsigned level, const char *heading, GString *content)
{
    if (content->len > 0) {
        tcpt_page_row(out, level, heading);
        g_string_append_len(out, content->str, (gssize)content->len);
        tcpt_page_row_end(out);
    }
    g_string_free(content, TRUE);
}
