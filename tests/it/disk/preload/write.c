/* What changes the content of files, and what makes it durable. */
#include "journal.h"
#include <stdlib.h>

static uint64_t syncs;

static void sync_at_once(int fd) {
    if (!(known(fd) & SYNCS)) return;
    record(SYNC_BEGIN, inode(fd), ++syncs, NULL, 0);
    record(SYNC_END, inode(fd), syncs, NULL, 0);
}

static void record_write(int fd, off_t at, const void *data, size_t length) {
    record(WRITE, inode(fd), (uint64_t)at, data, length);
    sync_at_once(fd);
}

static ssize_t do_pwrite(int fd, const void *data, size_t length, off_t at) {
    if (!known(fd)) return next()(SYS_pwrite64, fd, data, length, at);
    LOCKED;
    int last = is_last();
    ssize_t done = next()(SYS_pwrite64, fd, data, last ? length / 2 : length, at);
    int error = errno;
    if (done > 0) record_write(fd, at, data, (size_t)done);
    if (last) stop();
    return unlocked(done, error);
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t at) { return do_pwrite(fd, data, length, at); }
ssize_t pwrite64(int fd, const void *data, size_t length, off_t at) { return do_pwrite(fd, data, length, at); }

/* Where the write of so many bytes began that has just been made. */
static off_t began(int fd, size_t length) {
    struct stat found;
    /* Another thread's reads move the place, but not the end. */
    if (known(fd) & APPENDS && !fstat(fd, &found)) return found.st_size - (off_t)length;
    return (off_t)next()(SYS_lseek, fd, 0, SEEK_CUR) - (off_t)length;
}

ssize_t write(int fd, const void *data, size_t length) {
    if (fd == 1 && journals()) {
        LOCKED;
        record(TOLD, 0, 0, data, length);
        count_line();
        return unlocked((ssize_t)length, 0);
    }
    if (!known(fd)) return next()(SYS_write, fd, data, length);
    LOCKED;
    int last = is_last();
    ssize_t done = next()(SYS_write, fd, data, last ? length / 2 : length);
    int error = errno;
    if (done > 0) record_write(fd, began(fd, (size_t)done), data, (size_t)done);
    if (last) stop();
    return unlocked(done, error);
}

/* Vectored writes are made part by part: a caller has to go on after fewer bytes than it gave anyway. */
ssize_t writev(int fd, const struct iovec *parts, int count) {
    if (!known(fd) && !(fd == 1 && journals())) return next()(SYS_writev, fd, parts, count);
    ssize_t all = 0;
    for (int part = 0; part < count; part++) {
        if (!parts[part].iov_len) continue;
        ssize_t done = write(fd, parts[part].iov_base, parts[part].iov_len);
        if (done < 0) return all ? all : done;
        all += done;
        if ((size_t)done < parts[part].iov_len) break;
    }
    return all;
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) {
    if (!known(fd)) return next()(SYS_pwritev, fd, parts, count, at, 0);
    ssize_t all = 0;
    for (int part = 0; part < count; part++) {
        if (!parts[part].iov_len) continue;
        ssize_t done = do_pwrite(fd, parts[part].iov_base, parts[part].iov_len, at + all);
        if (done < 0) return all ? all : done;
        all += done;
        if ((size_t)done < parts[part].iov_len) break;
    }
    return all;
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t at) { return pwritev(fd, parts, count, at); }

ssize_t pwritev2(int fd, const struct iovec *parts, int count, off_t at, int flags) {
    if (!known(fd)) return next()(SYS_pwritev2, fd, parts, count, at, 0, flags);
    errno = EOPNOTSUPP;
    return -1;
}

ssize_t pwritev64v2(int fd, const struct iovec *parts, int count, off_t at, int flags) {
    return pwritev2(fd, parts, count, at, flags);
}

int ftruncate(int fd, off_t size) {
    if (!known(fd)) return (int)next()(SYS_ftruncate, fd, size);
    LOCKED;
    if (is_last()) stop();
    int result = (int)next()(SYS_ftruncate, fd, size), error = errno;
    if (!result) record(RESIZE, inode(fd), (uint64_t)size, NULL, 0);
    return (int)unlocked(result, error);
}

int ftruncate64(int fd, off_t size) { return ftruncate(fd, size); }

int truncate(const char *path, off_t size) {
    int fd = do_open(AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
    if (fd < 0) return -1;
    int result = ftruncate(fd, size), error = errno;
    close(fd);
    errno = error;
    return result;
}

int truncate64(const char *path, off_t size) { return truncate(path, size); }

int fallocate(int fd, int mode, off_t at, off_t length) {
    if (!known(fd)) return (int)next()(SYS_fallocate, fd, mode, at, length);
    if (mode & ~FALLOC_FL_KEEP_SIZE) {
        errno = EOPNOTSUPP;
        return -1;
    }
    LOCKED;
    if (is_last()) stop();
    struct stat before;
    fstat(fd, &before);
    int result = (int)next()(SYS_fallocate, fd, mode, at, length), error = errno;
    if (!result && !mode && at + length > before.st_size) record(RESIZE, inode(fd), (uint64_t)(at + length), NULL, 0);
    return (int)unlocked(result, error);
}

int fallocate64(int fd, int mode, off_t at, off_t length) { return fallocate(fd, mode, at, length); }
int posix_fallocate(int fd, off_t at, off_t length) { return fallocate(fd, 0, at, length) ? errno : 0; }
int posix_fallocate64(int fd, off_t at, off_t length) { return posix_fallocate(fd, at, length); }

/* Copies inside the kernel are refused as an old one does; the caller then reads and writes. */
static int refused(int fd) {
    if (known(fd)) errno = ENOSYS;
    return known(fd);
}

ssize_t copy_file_range(int from, off_t *from_at, int to, off_t *to_at, size_t length, unsigned flags) {
    return refused(to) ? -1 : next()(SYS_copy_file_range, from, from_at, to, to_at, length, flags);
}

ssize_t sendfile(int to, int from, off_t *at, size_t length) {
    return refused(to) ? -1 : next()(SYS_sendfile, to, from, at, length);
}

ssize_t sendfile64(int to, int from, off_t *at, size_t length) { return sendfile(to, from, at, length); }

ssize_t splice(int from, off_t *from_at, int to, off_t *to_at, size_t length, unsigned flags) {
    return refused(to) ? -1 : next()(SYS_splice, from, from_at, to, to_at, length, flags);
}

/* Syncing. `sync_file_range` promises nothing and is let through. */

static void take_longer(void) {
    if (delay <= 0) return;
    static _Thread_local unsigned state;
    if (!state) state = (unsigned)next()(SYS_gettid);
    usleep((useconds_t)(rand_r(&state) % (unsigned)delay));
}

static int do_sync(long kind, int fd) {
    if (!known(fd)) return (int)next()(kind, fd);
    LOCKED;
    if (is_last()) stop();
    uint64_t file = inode(fd), which = ++syncs;
    record(SYNC_BEGIN, file, which, NULL, 0);
    pthread_mutex_unlock(&lock);
    take_longer();
    int result = (int)next()(kind, fd), error = errno;
    LOCKED;
    if (!result) record(SYNC_END, file, which, NULL, 0);
    return (int)unlocked(result, error);
}

int fsync(int fd) { return do_sync(SYS_fsync, fd); }
int fdatasync(int fd) { return do_sync(SYS_fdatasync, fd); }

void sync(void) {
    note_strange("a sync of everything");
    next()(SYS_sync);
}

int syncfs(int fd) {
    note_strange("a sync of everything");
    return (int)next()(SYS_syncfs, fd);
}
