/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scenarios of one capture point, seen at two: every segment passes both, or is lost between them by chance. What is
 * the same is known as one, nothing is called lost that was not, and the same is found with all given back that is
 * over. One path per scenario: /passing/<id>/<name>. */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "describe.h"
#include "turned.h"
#include "tcptriage/points.h"
#include "tcptriage/times.h"

/** What is known of a scenario's connections. */
typedef enum lives {
    ANY,
    ONE_LIFE, /**< no ports are used twice: a point that lacks the second SYN takes what follows for the first life */
    OPENED,   /**< each begins with its handshake, by which it is known behind what rewrites it */
} lives;

/** A device between the points, and the capture. */
typedef struct passing {
    const char *name;
    scn_guise farther;  /**< what it makes of a segment, as it is seen at point 1 */
    int64_t clock_ns;   /**< of point 1, ahead of the other */
    unsigned one_in;    /**< segments of which one is lost; 0 none */
    bool first_is_near; /**< point 0 is nearer to the client */
    lives wants;        /**< of the scenarios that pass it */
} passing;

static const passing ways[] = {
    {"plain", {0}, 0, 0, true, ANY},
    {"the other order", {0}, 0, 0, false, ANY},
    {"clock ahead", {0}, INT64_C(7200000000000), 0, true, ANY},
    {"translated", {"", true, {0, 0}}, 0, 0, true, OPENED},
    {"renumbered", {"", false, {0x12345678, 0x87654321}}, 0, 0, true, OPENED},
    {"one in three lost", {0}, 0, 3, true, ONE_LIFE},
    {"one in nine lost", {0}, 0, 9, false, ONE_LIFE},
    {"one in five lost, clock behind", {0}, INT64_C(-7200000000000), 5, true, ONE_LIFE},
};

/** A segment at one of the points. */
typedef struct sight {
    const scn_frame *frame;
    unsigned point;
    bool far;  /**< from its sender */
    bool lost; /**< behind this point */
    int64_t time_ns;
    int64_t place_ns; /**< in the capture */
    struct sight *other;
    tcpt_record *record;
} sight;

static gint by_place(gconstpointer a, gconstpointer b)
{
    const sight *left = *(const sight *const *)a, *right = *(const sight *const *)b;
    return (left->place_ns > right->place_ns) - (left->place_ns < right->place_ns);
}

/** The two sights of every frame, in the order of the capture. */
static GPtrArray *see(const scn_scenario *scenario, const passing *way, GRand *chance)
{
    enum { ON_THE_WAY_NS = 20000 }; /* less than a host needs to answer in scripts */
    GPtrArray *sights = g_ptr_array_new_with_free_func(g_free);
    for (unsigned i = 0; i < scenario->frames->len; i++) {
        const scn_frame *frame = scenario->frames->pdata[i];
        bool server = frame->bytes->data[5] == 1; /* build.c: its Ethernet address */
        bool lost = way->one_in && frame->line && g_rand_int_range(chance, 0, (gint32)way->one_in) == 0;
        sight *near = g_new0(sight, 1), *far = lost ? NULL : g_new0(sight, 1);
        *near = (sight){frame, server == way->first_is_near, false, lost, 0, frame->time_ns, far, NULL};
        g_ptr_array_add(sights, near);
        if (!far)
            continue;
        *far = (sight){frame, !near->point, true, false, 0, frame->time_ns + ON_THE_WAY_NS, near, NULL};
        g_ptr_array_add(sights, far);
    }
    g_ptr_array_sort(sights, by_place);
    for (unsigned i = 0; i < sights->len; i++) {
        sight *one = sights->pdata[i];
        one->time_ns = INT64_C(1700000000000000000) + one->place_ns + (one->point ? way->clock_ns : 0);
    }
    return sights;
}

/** Hosts of their own and numbers of their own for each scenario of many: `place` for one of its addresses. */
static const uint8_t *moved(uint8_t place[16], const uint8_t *address, unsigned family, unsigned scenario)
{
    unsigned at = family == 4 ? 1 : 4;
    memcpy(place, address, family == 4 ? 4 : 16);
    place[at] ^= (uint8_t)(scenario >> 8);
    place[at + 1] ^= (uint8_t)scenario;
    return place;
}

static void move_apart(tcpt_segment *segment, unsigned scenario, uint8_t places[2][16])
{
    const scn_guise numbers = {"", false, {scenario * 2654435761u, scenario * 40503u}};
    scn_disguise(segment, &numbers, NULL, NULL);
    segment->src = moved(places[0], segment->src, segment->family, scenario);
    segment->dst = moved(places[1], segment->dst, segment->family, scenario);
}

/** @param apart  number of its scenario, of many in one capture; 0 */
static void feed(tcpt_analysis *analysis, const passing *way, sight *one, unsigned number, unsigned apart)
{
    tcpt_segment segment = {.time_ns = one->time_ns, .frame = number, .point = one->point};
    const scn_frame *frame = one->frame;
    uint8_t src[16], dst[16], places[2][16];
    if (!scn_decode(&segment, frame->bytes->data, frame->bytes->len, frame->wire_bytes))
        return;
    segment.ttl = (uint8_t)(segment.ttl - one->far);
    if (apart)
        move_apart(&segment, apart, places);
    if (one->point && way->farther.name)
        scn_disguise(&segment, &way->farther, src, dst);
    one->record = tcpt_analyse(analysis, &segment);
}

static void complain(const scn_scenario *scenario, const passing *way, const sight *one, const char *what)
{
    g_test_message("%s:%u: %s: point %u %s", scenario->file, one->frame->line, way->name, one->point, what);
    g_test_fail();
}

/** Whom a segment is taken for. */
static void check_same(const scn_scenario *scenario, const passing *way, const sight *one)
{
    const tcpt_record *other = one->other ? one->other->record : NULL;
    if (!one->record || !one->frame->line)
        return;
    if (!one->record->same_as && other && !way->one_in)
        complain(scenario, way, one, "is not known at the other one");
    if (one->record->same_as && (!other || one->record->same_as != other->frame))
        complain(scenario, way, one, "is taken for another segment");
}

static void collect_lost(const tcpt_finding *finding, void *data)
{
    GHashTable *named = data;
    if (strcmp(finding->diagnosis->detector->id, "vantage_loss") != 0)
        return;
    g_hash_table_add(named, finding->on);
    for (uint32_t i = 0; i < finding->diagnosis->related_count; i++)
        g_hash_table_add(named, finding->diagnosis->related[i]);
}

static void check_lost(const scn_scenario *scenario, const passing *way, const GPtrArray *sights)
{
    GHashTable *named = g_hash_table_new(NULL, NULL);
    for (unsigned i = 0; i < sights->len; i++) {
        const sight *one = sights->pdata[i];
        if (one->record)
            tcpt_each_finding(one->record, collect_lost, named);
    }
    for (unsigned i = 0; i < sights->len; i++) {
        const sight *one = sights->pdata[i];
        if (!one->lost && one->record && g_hash_table_contains(named, one->record))
            complain(scenario, way, one, "is called lost");
    }
    g_hash_table_destroy(named);
}

/** A packet that a point shows twice: either of them may be the one that the other point shows. */
static bool has_copies(const GPtrArray *sights)
{
    for (unsigned i = 0; i < sights->len; i++) {
        const sight *one = sights->pdata[i];
        if (one->record && one->record->copy)
            return true;
    }
    return false;
}

static void pass(const scn_scenario *scenario, const passing *way)
{
    GRand *chance = g_rand_new_with_seed((guint32)(scenario->number + way->one_in));
    GPtrArray *sights = see(scenario, way, chance);
    tcpt_settings settings = tcpt_settings_default();
    for (unsigned i = 0; i < scenario->settings->len; i++)
        scn_apply_setting(&settings, scenario->settings->pdata[i]);
    tcpt_analysis *analysis = tcpt_analysis_new(&settings);
    tcpt_expect_points(analysis);
    for (unsigned i = 0; i < sights->len; i++)
        feed(analysis, way, sights->pdata[i], i + 1, 0);
    tcpt_settle_all(analysis);
    for (unsigned i = 0; i < sights->len && !has_copies(sights); i++)
        check_same(scenario, way, sights->pdata[i]);
    check_lost(scenario, way, sights);
    tcpt_analysis_free(analysis);
    g_ptr_array_unref(sights);
    g_rand_free(chance);
}

static void describe_path(const tcpt_path *path, void *text)
{
    g_string_append_printf(text, "%s to %s: %u connections, %u of %u and %u of %u lost, %u and %u known\n",
                           path->a->name, path->b->name, path->connections, path->to_b.missing, path->to_b.total,
                           path->to_a.missing, path->to_a.total, (unsigned)path->matched_to_b,
                           (unsigned)path->matched_to_a);
}

/** The scenarios of one point, one behind the other: `way` as it is. */
typedef struct joined {
    const GPtrArray *scenarios;
    const passing *way;
    bool releases;
    tcpt_analysis *analysis;
    unsigned segments;
    unsigned gone; /**< flows that were given back */
    int64_t from_ns;
} joined;

static void count_gone(G_GNUC_UNUSED const tcpt_flow *flow, void *data)
{
    ++*(unsigned *)data;
}

/** With a silence behind it in which all that is over is forgotten. */
static void append(joined *of, const scn_scenario *scenario, unsigned number)
{
    enum { QUIET_SECONDS = 240, SILENCE_SECONDS = 1000, RELEASE_EVERY = 512 };
    GRand *chance = g_rand_new_with_seed((guint32)(scenario->number + of->way->one_in));
    GPtrArray *sights = see(scenario, of->way, chance);
    int64_t last_ns = 0;
    for (unsigned i = 0; i < sights->len; i++) {
        sight *one = sights->pdata[i];
        last_ns = MAX(last_ns, one->place_ns);
        one->time_ns += of->from_ns;
        feed(of->analysis, of->way, one, ++of->segments, number);
        if (of->releases && of->segments % RELEASE_EVERY == 0)
            tcpt_release(of->analysis, tcpt_seconds_ns(QUIET_SECONDS), count_gone, &of->gone);
    }
    of->from_ns += last_ns + tcpt_seconds_ns(SILENCE_SECONDS);
    g_ptr_array_unref(sights);
    g_rand_free(chance);
}

static char *found(joined *of)
{
    GString *text = g_string_new(NULL);
    tcpt_settings settings = tcpt_settings_default();
    of->analysis = tcpt_analysis_new(&settings);
    tcpt_expect_points(of->analysis);
    for (unsigned i = 0; i < of->scenarios->len; i++)
        append(of, of->scenarios->pdata[i], i + 1);
    scn_describe_found(text, of->analysis);
    tcpt_each_path(of->analysis, describe_path, text);
    tcpt_analysis_free(of->analysis);
    return g_string_free(text, FALSE);
}

static void check_released(gconstpointer data)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(ways); i++) {
        joined whole = {.scenarios = data, .way = &ways[i]}, released = whole;
        char *all, *left;
        released.releases = true;
        all = found(&whole);
        left = found(&released);
        g_assert_cmpuint(released.gone, >, 30); /* how many are over at such a moment is chance */
        if (strcmp(all, left) != 0) {
            g_test_message("%s: given back on the way:\n%s\ninstead of\n%s", ways[i].name, left, all);
            g_test_fail();
        }
        g_free(all);
        g_free(left);
    }
}

/** A connection as far as its opening goes. */
typedef struct opening {
    uint32_t iss[2];
    unsigned sent[2];
} opening;

static unsigned bytes_of(const tcpt_segment *segment)
{
    return segment->family == 4 ? 4 : 16;
}

static opening *opening_of(GHashTable *openings, const tcpt_segment *segment, bool server)
{
    const uint8_t *client = server ? segment->dst : segment->src;
    char *key = g_strdup_printf("%u %u %u", server ? segment->dst_port : segment->src_port,
                                server ? segment->src_port : segment->dst_port, client[bytes_of(segment) - 1]);
    opening *known = g_hash_table_lookup(openings, key);
    if (known) {
        g_free(key);
        return known;
    }
    known = g_new0(opening, 1);
    g_hash_table_insert(openings, key, known);
    return known;
}

static lives note_segment(GHashTable *openings, const tcpt_segment *segment)
{
    static const uint8_t flags[3] = {TCPT_SYN, TCPT_SYN | TCPT_ACK, TCPT_ACK};
    bool server = memcmp(segment->src, segment->dst, bytes_of(segment)) > 0;
    opening *known = opening_of(openings, segment, server);
    unsigned number = known->sent[0] + known->sent[1];
    bool begun = known->sent[server]++ > 0;
    if ((segment->flags & TCPT_SYN) && begun && known->iss[server] != segment->seq)
        return ANY;
    if (segment->flags & TCPT_SYN)
        known->iss[server] = segment->seq;
    if (number < 3 && ((segment->flags & (TCPT_SYN | TCPT_ACK | TCPT_RST)) != flags[number] || server != (number == 1)))
        return ONE_LIFE;
    return OPENED;
}

static lives lives_of(const scn_scenario *scenario)
{
    enum { ALIKE_MOST = 8 }; /* scripts give them all the same numbers: more at once cannot be told apart */
    GHashTable *openings = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    lives least = OPENED;
    for (unsigned i = 0; i < scenario->frames->len; i++) {
        const scn_frame *frame = scenario->frames->pdata[i];
        tcpt_segment segment = {0};
        if (!frame->line || !scn_decode(&segment, frame->bytes->data, frame->bytes->len, frame->wire_bytes))
            continue;
        lives so_far = note_segment(openings, &segment);
        least = MIN(least, so_far);
    }
    GHashTableIter each;
    gpointer value;
    g_hash_table_iter_init(&each, openings);
    while (g_hash_table_iter_next(&each, NULL, &value))
        least = MIN(least, ((opening *)value)->sent[0] < 2 ? ONE_LIFE : OPENED);
    if (g_hash_table_size(openings) > ALIKE_MOST)
        least = MIN(least, ONE_LIFE);
    g_hash_table_destroy(openings);
    return least;
}

static void check_passing(gconstpointer data)
{
    lives known = lives_of(data);
    for (unsigned i = 0; i < G_N_ELEMENTS(ways); i++) {
        if (known >= ways[i].wants)
            pass(data, &ways[i]);
    }
}

/** No flood, and as it is without settings of its own. */
static bool may_be_joined(const scn_scenario *scenario)
{
    enum { FRAMES_MOST = 1000 };
    return scenario->settings->len == 0 && scenario->frames->len <= FRAMES_MOST;
}

/** Those of one point. */
static bool of_one_point(const scn_scenario *scenario)
{
    for (unsigned i = 0; i < scenario->frames->len; i++) {
        const scn_frame *frame = scenario->frames->pdata[i];
        if (frame->placed || frame->point || frame->copy)
            return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    GPtrArray *kept = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref), *to_join = g_ptr_array_new();
    g_test_init(&argc, &argv, NULL);
    GPtrArray *paths = scn_scripts(SCENARIOS);
    for (unsigned i = 0; i < paths->len; i++) {
        GPtrArray *scenarios = scn_read(paths->pdata[i]);
        g_ptr_array_add(kept, scenarios);
        for (unsigned s = 0; s < scenarios->len; s++) {
            const scn_scenario *scenario = scenarios->pdata[s];
            char *name = g_strdelimit(g_strdup(scenario->name), " /,", '-');
            char *path = g_strdup_printf("/passing/%s/%s", scenario->id, name);
            if (of_one_point(scenario))
                g_test_add_data_func(path, scenario, check_passing);
            if (of_one_point(scenario) && may_be_joined(scenario))
                g_ptr_array_add(to_join, (gpointer)scenario);
            g_free(path);
            g_free(name);
        }
    }
    g_ptr_array_unref(paths);
    g_test_add_data_func("/released", to_join, check_released);
    int status = g_test_run();
    g_ptr_array_unref(to_join);
    g_ptr_array_unref(kept);
    return status;
}
