/* A journal of what a process does to the files below one folder, made by standing before libc's functions
 * (LD_PRELOAD). Every change and every sync is written down, with its content, in one order: a change is made and
 * written down under one lock. A sync has a begin and an end, between which others go on; what it promises is what
 * was written before its begin. Lines on the standard output are written down in the same order (and nowhere else),
 * so that the journal says what was promised when a caller was told.
 *
 *   SCRIP_DISK_FOLDER   the folder, as an absolute path without symbolic links
 *   SCRIP_DISK_JOURNAL  the journal's file; without it nothing is written down, and only the stops below work
 *   SCRIP_DISK_OPERATIONS, SCRIP_DISK_LINES
 *                       the process is killed before its so many-th operation on a file, or line
 *   SCRIP_DISK_TORN     the write before which it is killed is made in part
 *   SCRIP_DISK_DELAY    how long a sync takes at most beyond its own time, in microseconds
 *
 * What it cannot follow (shared writable mappings, io_uring, stdio, symbolic links) is written down as such, and the
 * test fails. It follows libc's functions only; the test compares the folder with the journal, which shows the rest.
 */
#include "journal.h"
#include <signal.h>
#include <stdlib.h>

pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char folder[PATH_MAX];
static size_t folder_length;
static int journal = -1;
static int partly;
static long operations_left = -1, lines_left = -1;
long delay;
#define FILES 65536
static unsigned char files[FILES];

call next(void) {
    static call found;
    if (!found) found = (call)dlsym(RTLD_NEXT, "syscall");
    return found;
}

void die(const char *why) {
    static const char before[] = "the simulated disk: ";
    (void)next()(SYS_write, 2, before, sizeof before - 1);
    (void)next()(SYS_write, 2, why, strlen(why));
    (void)next()(SYS_write, 2, "\n", 1);
    abort();
}

static long setting(const char *name) {
    const char *text = getenv(name);
    return text ? atol(text) : -1;
}

__attribute__((constructor)) static void begin(void) {
    const char *watched = getenv("SCRIP_DISK_FOLDER"), *file = getenv("SCRIP_DISK_JOURNAL");
    if (!watched) return;
    operations_left = setting("SCRIP_DISK_OPERATIONS");
    lines_left = setting("SCRIP_DISK_LINES");
    delay = setting("SCRIP_DISK_DELAY");
    partly = getenv("SCRIP_DISK_TORN") != NULL;
    if (file) {
        journal = (int)next()(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
        if (journal < 0) die("the journal cannot be opened");
    }
    folder_length = strlen(watched);
    if (folder_length >= sizeof folder) die("the folder's path is too long");
    memcpy(folder, watched, folder_length + 1);
}

int known(int fd) {
    return fd >= 0 && fd < FILES ? files[fd] : 0;
}

void set_known(int fd, int what) {
    if (fd >= 0 && fd < FILES) files[fd] = (unsigned char)what;
    else if (what) die("too many files are open");
}

void stop(void) {
    next()(SYS_kill, next()(SYS_getpid), SIGKILL);
    for (;;) pause();
}

int is_last(void) {
    if (operations_left < 0) return 0;
    if (operations_left-- > 0) return 0;
    if (!partly) stop();
    return 1;
}

void count_line(void) {
    if (lines_left > 0 && --lines_left == 0) stop();
}

int journals(void) {
    return journal >= 0;
}

static void append(const void *data, size_t length) {
    while (length > 0) {
        ssize_t done = next()(SYS_write, journal, data, length);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) die("the journal cannot be written");
        data = (const char *)data + done;
        length -= (size_t)done;
    }
}

struct head {
    uint32_t length, kind;
    uint64_t one, two;
};

void record(uint32_t kind, uint64_t one, uint64_t two, const void *data, size_t length) {
    if (journal < 0) return;
    struct head head = {(uint32_t)length, kind, one, two};
    append(&head, sizeof head);
    append(data, length);
}

void strange(const char *what) {
    record(STRANGE, 0, 0, what, strlen(what));
}

void note_strange(const char *what) {
    LOCKED;
    strange(what);
    unlocked(0, errno);
}

const char *below(int at, const char *path, char *place) {
    char whole[2 * PATH_MAX], base[PATH_MAX] = "";
    if (!folder_length || !path || !*path) return NULL;
    if (path[0] != '/') {
        if (at == AT_FDCWD) {
            if (next()(SYS_getcwd, base, sizeof base) < 0) return NULL;
        } else {
            char link[64];
            snprintf(link, sizeof link, "/proc/self/fd/%d", at);
            ssize_t length = readlink(link, base, sizeof base - 1);
            if (length < 0) return NULL;
            base[length] = 0;
        }
    }
    snprintf(whole, sizeof whole, "%s/%s", base, path);
    /* Written again without empty parts, `.` and `..`. */
    size_t end = 0;
    for (char *rest = NULL, *part = strtok_r(whole, "/", &rest); part; part = strtok_r(NULL, "/", &rest)) {
        if (!strcmp(part, ".")) continue;
        if (!strcmp(part, "..")) {
            while (end > 0 && place[--end] != '/') {}
            continue;
        }
        size_t length = strlen(part);
        if (end + length + 2 > PATH_MAX) return NULL;
        place[end++] = '/';
        memcpy(place + end, part, length);
        end += length;
    }
    place[end] = 0;
    if (strncmp(place, folder, folder_length)) return NULL;
    if (place[folder_length] == 0) return place + folder_length;
    return place[folder_length] == '/' ? place + folder_length + 1 : NULL;
}

uint64_t inode(int fd) {
    struct stat found;
    if (fstat(fd, &found)) die("a file has no inode");
    return found.st_ino;
}

long unlocked(long result, int error) {
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}
