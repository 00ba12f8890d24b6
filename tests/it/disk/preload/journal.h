/* What the parts of the library share; what it is for is told in journal.c. */
#ifndef SCRIP_JOURNAL_H
#define SCRIP_JOURNAL_H

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif

/* Not to be found by the process under test. */
#pragma GCC visibility push(hidden)

/* The kinds of records; `journal.rs` has the same. */
enum { CREATE = 1, WRITE, RESIZE, MKDIR, UNLINK, RENAME, LINK, SYNC_BEGIN, SYNC_END, TOLD, STRANGE };

/* What is known of a file descriptor. */
enum { WATCHED = 1, APPENDS = 2, SYNCS = 4 };

/* libc's own `syscall`, through which everything is done. */
typedef long (*call)(long, ...);
call next(void);

/* Taken for every change together with its record. */
extern pthread_mutex_t lock;
#define LOCKED pthread_mutex_lock(&lock)
/* Lets the lock go and gives the result, with the error that libc set. */
long unlocked(long result, int error);

/* Whether there is a journal. */
int journals(void);
/* With the lock. */
void record(uint32_t kind, uint64_t one, uint64_t two, const void *data, size_t length);
void strange(const char *what);
/* The same, taking the lock. */
void note_strange(const char *what);

/* With the lock: counts an operation; true where it is the last one, of which only a part is to be done. */
int is_last(void);
/* With the lock: counts a line that was told. */
void count_line(void);
/* With the lock: ends the process at once; whoever waits for the lock does nothing any more. */
void stop(void) __attribute__((noreturn));
void die(const char *why) __attribute__((noreturn));

/* What is known of a file descriptor; 0 where it is of no file below the folder. */
int known(int fd);
void set_known(int fd, int what);
uint64_t inode(int fd);

/* The path below the folder, or NULL where it is elsewhere. */
const char *below(int at, const char *path, char *place);
#define PLACE(name, at, path) char name##_place[PATH_MAX]; const char *name = below(at, path, name##_place)

int do_open(int at, const char *path, int flags, mode_t mode);
int do_rename(int at, const char *path, int to_at, const char *to_path, unsigned flags);

/* How long a sync takes at most beyond its own time, in microseconds. */
extern long delay;

#pragma GCC visibility pop

#endif
