#include "tiny.h"

// Where the linker's data ends and free memory begins.
extern uint8_t __heap_base;
static uintptr_t next = (uintptr_t)&__heap_base;

#define PAGE 65536u

void *malloc(size_t size) {
  uintptr_t place = (next + 15) & ~(uintptr_t)15;
  uintptr_t limit = __builtin_wasm_memory_size(0) * PAGE;
  if (size > UINTPTR_MAX - PAGE - place) abort();
  if (place + size > limit) {
    size_t pages = (place + size - limit + PAGE - 1) / PAGE;
    if (__builtin_wasm_memory_grow(0, pages) == (size_t)-1) abort();
  }
  next = place + size;
  return (void *)place;
}

void *realloc(void *old, size_t size) {
  void *place = malloc(size);
  // How long the old one was is not kept: what lies behind it is copied along and overwritten.
  if (old) memcpy(place, old, size);
  return place;
}

void free(void *old) { (void)old; }

_Noreturn void abort(void) { __builtin_trap(); }

size_t strlen(const char *text) {
  size_t length = 0;
  while (text[length]) length++;
  return length;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size) {
  return __builtin_memcpy(to, from, size); // one instruction: memory.copy
}

const char *find(const char *within, size_t size, const char *text) {
  size_t length = strlen(text);
  for (size_t start = 0; start + length <= size; start++) {
    size_t same = 0;
    while (same < length && within[start + same] == text[same]) same++;
    if (same == length) return within + start + length;
  }
  return NULL;
}

char *append(char *to, const char *text) {
  while (*text) *to++ = *text++;
  *to = 0;
  return to;
}

char *append_number(char *to, uint32_t number) {
  if (number >= 10) to = append_number(to, number / 10);
  char digit[2] = {(char)('0' + number % 10), 0};
  return append(to, digit);
}
