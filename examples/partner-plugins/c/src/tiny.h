// The little of a C library that the bindings and this plugin use; there is none in the sandbox.
#ifndef TINY_H
#define TINY_H
#include <stddef.h>
#include <stdint.h>

// Memory is fresh for every call and thrown away after it: it is only ever handed out.
void *malloc(size_t size);
void *realloc(void *old, size_t size);
void free(void *old);
_Noreturn void abort(void);

size_t strlen(const char *text);
void *memcpy(void *restrict to, const void *restrict from, size_t size);

// The place after the first `text` within `size` bytes, or NULL.
const char *find(const char *within, size_t size, const char *text);
// Writes a text, or a number in decimal, with an ending zero; the place of that zero.
char *append(char *to, const char *text);
char *append_number(char *to, uint32_t number);
#endif
