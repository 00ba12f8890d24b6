/* Opening and closing: which file descriptors are of files below the folder. */
#include "journal.h"
#include <dirent.h>
#include <stdarg.h>
#include <sys/mman.h>

int do_open(int at, const char *path, int flags, mode_t mode) {
    PLACE(place, at, path);
    if (!place) {
        int fd = (int)next()(SYS_openat, at, path, flags, mode);
        if (known(fd)) set_known(fd, 0);
        return fd;
    }
    LOCKED;
    struct stat before;
    int was = fstatat(at, path, &before, 0) == 0;
    int changes = (!was && (flags & O_CREAT)) || (was && (flags & O_TRUNC));
    if (changes && is_last()) stop();
    int fd = (int)next()(SYS_openat, at, path, flags, mode), error = errno;
    if (fd >= 0) {
        int appends = flags & O_APPEND ? APPENDS : 0, syncs_always = flags & O_DSYNC ? SYNCS : 0;
        set_known(fd, WATCHED | appends | syncs_always);
        if ((flags & O_TMPFILE) == O_TMPFILE) strange("O_TMPFILE");
        else if (!was) record(CREATE, inode(fd), 0, place, strlen(place));
        else if (flags & O_TRUNC) record(RESIZE, inode(fd), 0, NULL, 0);
    }
    return (int)unlocked(fd, error);
}

#define MODE(flags) mode_t mode = 0; if ((flags) & (O_CREAT | O_TMPFILE)) { \
    va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); }

int open(const char *path, int flags, ...) { MODE(flags) return do_open(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return do_open(AT_FDCWD, path, flags, mode); }
int openat(int at, const char *path, int flags, ...) { MODE(flags) return do_open(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE(flags) return do_open(at, path, flags, mode); }
int creat(const char *path, mode_t mode) { return do_open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return creat(path, mode); }

static FILE *do_fopen(const char *name, const char *path, const char *mode) {
    PLACE(place, AT_FDCWD, path);
    if (place && strpbrk(mode, "wa+")) note_strange("a file of stdio");
    return ((FILE * (*)(const char *, const char *)) dlsym(RTLD_NEXT, name))(path, mode);
}

FILE *fopen(const char *path, const char *mode) { return do_fopen("fopen", path, mode); }
FILE *fopen64(const char *path, const char *mode) { return do_fopen("fopen64", path, mode); }

int close(int fd) {
    /* Before it is closed: after that, another thread may be given the same number. */
    if (known(fd)) set_known(fd, 0);
    return (int)next()(SYS_close, fd);
}

int closedir(DIR *folder) {
    /* It closes without `close`. */
    if (known(dirfd(folder))) set_known(dirfd(folder), 0);
    return ((int (*)(DIR *))dlsym(RTLD_NEXT, "closedir"))(folder);
}

static int same(int from, int to) {
    if (to >= 0 && (known(from) || known(to))) set_known(to, known(from));
    return to;
}

int dup(int fd) { return same(fd, (int)next()(SYS_dup, fd)); }
int dup2(int fd, int to) { return fd == to ? fd : same(fd, (int)next()(SYS_dup3, fd, to, 0)); }
int dup3(int fd, int to, int flags) { return same(fd, (int)next()(SYS_dup3, fd, to, flags)); }

static int do_fcntl(int fd, int command, long argument) {
    int result = (int)next()(SYS_fcntl, fd, command, argument);
    return command == F_DUPFD || command == F_DUPFD_CLOEXEC ? same(fd, result) : result;
}

#define ARGUMENT(before) va_list rest; va_start(rest, before); long argument = va_arg(rest, long); va_end(rest);
int fcntl(int fd, int command, ...) { ARGUMENT(command) return do_fcntl(fd, command, argument); }
int fcntl64(int fd, int command, ...) { ARGUMENT(command) return do_fcntl(fd, command, argument); }

void *mmap(void *at, size_t length, int protection, int flags, int fd, off_t offset) {
    if (known(fd) && (protection & PROT_WRITE) && (flags & MAP_TYPE) != MAP_PRIVATE) {
        note_strange("a shared writable mapping");
    }
    return (void *)next()(SYS_mmap, at, length, protection, flags, fd, offset);
}

void *mmap64(void *at, size_t length, int protection, int flags, int fd, off_t offset) {
    return mmap(at, length, protection, flags, fd, offset);
}

/* What is called by its number: Rust's library does so for what an old libc lacks. */
long syscall(long number, ...) {
    va_list rest;
    va_start(rest, number);
    long a = va_arg(rest, long), b = va_arg(rest, long), c = va_arg(rest, long);
    long d = va_arg(rest, long), e = va_arg(rest, long), f = va_arg(rest, long);
    va_end(rest);
    switch (number) {
    case SYS_copy_file_range:
        return copy_file_range((int)a, (off_t *)b, (int)c, (off_t *)d, (size_t)e, (unsigned)f);
    case SYS_renameat2:
        return do_rename((int)a, (const char *)b, (int)c, (const char *)d, (unsigned)e);
    case SYS_openat:
        return do_open((int)a, (const char *)b, (int)c, (mode_t)d);
    case SYS_io_uring_setup:
    case SYS_openat2:
        note_strange(number == SYS_openat2 ? "openat2" : "io_uring");
        break;
    default:
        break;
    }
    return next()(number, a, b, c, d, e, f);
}
