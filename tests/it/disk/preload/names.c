/* What changes names: folders, renames, links, removals. */
#include "journal.h"

static int do_mkdir(int at, const char *path, mode_t mode) {
    PLACE(place, at, path);
    if (!place) return (int)next()(SYS_mkdirat, at, path, mode);
    LOCKED;
    if (is_last()) stop();
    int result = (int)next()(SYS_mkdirat, at, path, mode), error = errno;
    struct stat made;
    if (!result && !fstatat(at, path, &made, 0)) record(MKDIR, made.st_ino, 0, place, strlen(place));
    return (int)unlocked(result, error);
}

int mkdir(const char *path, mode_t mode) { return do_mkdir(AT_FDCWD, path, mode); }
int mkdirat(int at, const char *path, mode_t mode) { return do_mkdir(at, path, mode); }

static int do_unlink(int at, const char *path, int flags) {
    PLACE(place, at, path);
    if (!place) return (int)next()(SYS_unlinkat, at, path, flags);
    LOCKED;
    if (is_last()) stop();
    int result = (int)next()(SYS_unlinkat, at, path, flags), error = errno;
    if (!result) record(UNLINK, 0, 0, place, strlen(place));
    return (int)unlocked(result, error);
}

int unlink(const char *path) { return do_unlink(AT_FDCWD, path, 0); }
int unlinkat(int at, const char *path, int flags) { return do_unlink(at, path, flags); }
int rmdir(const char *path) { return do_unlink(AT_FDCWD, path, AT_REMOVEDIR); }

int remove(const char *path) {
    int result = unlink(path);
    return result && errno == EISDIR ? rmdir(path) : result;
}

/* Two paths, the first of them ended by a zero byte. */
static void record_two(uint32_t kind, uint64_t flags, const char *from, const char *to) {
    char both[2 * PATH_MAX];
    size_t first = strlen(from) + 1, second = strlen(to);
    memcpy(both, from, first);
    memcpy(both + first, to, second);
    record(kind, flags, 0, both, first + second);
}

int do_rename(int at, const char *path, int to_at, const char *to_path, unsigned flags) {
    PLACE(from, at, path);
    PLACE(to, to_at, to_path);
    if (!from && !to) return (int)next()(SYS_renameat2, at, path, to_at, to_path, flags);
    LOCKED;
    if (is_last()) stop();
    int result = (int)next()(SYS_renameat2, at, path, to_at, to_path, flags), error = errno;
    if (!result && (!from || !to)) strange("a rename into the folder, or out of it");
    else if (!result) record_two(RENAME, flags & RENAME_EXCHANGE, from, to);
    return (int)unlocked(result, error);
}

int rename(const char *from, const char *to) { return do_rename(AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int at, const char *from, int to_at, const char *to) { return do_rename(at, from, to_at, to, 0); }
int renameat2(int at, const char *from, int to_at, const char *to, unsigned flags) {
    return do_rename(at, from, to_at, to, flags);
}

static int do_link(int at, const char *path, int to_at, const char *to_path, int flags) {
    PLACE(from, at, path);
    PLACE(to, to_at, to_path);
    if (!to) return (int)next()(SYS_linkat, at, path, to_at, to_path, flags);
    LOCKED;
    if (is_last()) stop();
    int result = (int)next()(SYS_linkat, at, path, to_at, to_path, flags), error = errno;
    if (!result && !from) strange("a link into the folder");
    else if (!result) record_two(LINK, 0, from, to);
    return (int)unlocked(result, error);
}

int link(const char *from, const char *to) { return do_link(AT_FDCWD, from, AT_FDCWD, to, 0); }
int linkat(int at, const char *from, int to_at, const char *to, int flags) {
    return do_link(at, from, to_at, to, flags);
}

int symlinkat(const char *target, int at, const char *path) {
    PLACE(place, at, path);
    if (place) note_strange("a symbolic link");
    return (int)next()(SYS_symlinkat, target, at, path);
}

int symlink(const char *target, const char *path) { return symlinkat(target, AT_FDCWD, path); }
