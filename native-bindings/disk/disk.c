/*
 * Reads from the page cache without waiting, and CRC-32C by the processor's instructions: see README.md. Linux on x86-64 and
 * 64-bit ARM; elsewhere the functions answer that they cannot.
 */
#define _GNU_SOURCE
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <node_api.h>

#ifndef RWF_NOWAIT
#define RWF_NOWAIT 8
#endif

#define MAX_ARGS 5

/* ---- Arguments ---- */

static napi_value number(napi_env env, double value) {
  napi_value result;
  return napi_create_double(env, value, &result) == napi_ok ? result : NULL;
}

/* The bytes of a Uint8Array from `offset` on, `length` of them; NULL and an exception when it has fewer. */
static uint8_t *span(napi_env env, napi_value view, napi_value offset, napi_value length, size_t *count) {
  napi_typedarray_type type;
  size_t size;
  void *data;
  double from, wanted;
  if (napi_get_typedarray_info(env, view, &type, &size, &data, NULL, NULL) != napi_ok || type != napi_uint8_array) {
    napi_throw_type_error(env, NULL, "a Uint8Array is wanted");
    return NULL;
  }
  if (napi_get_value_double(env, offset, &from) != napi_ok || napi_get_value_double(env, length, &wanted) != napi_ok) {
    napi_throw_type_error(env, NULL, "a number is wanted");
    return NULL;
  }
  if (!(from >= 0 && wanted >= 0 && from + wanted <= (double)size)) {
    napi_throw_range_error(env, NULL, "out of the array's range");
    return NULL;
  }
  *count = (size_t)wanted;
  /* of an empty array the data may be NULL, which is to say failure here */
  static uint8_t nothing[1];
  return size == 0 ? nothing : (uint8_t *)data + (size_t)from;
}

/* ---- CRC-32C ---- */

#if defined(__x86_64__) || (defined(__aarch64__) && defined(__linux__))
#define HAVE_CRC 1

/*
 * An instruction takes a word a cycle, but its answer takes three cycles: so three parts of a block are summed at a time, and the
 * sums are put together by shifting one over the zeros in the place of what follows it.
 */
#define LONG_PART 2048
#define SHORT_PART 256
#define REFLECTED 0x82f63b78u

static uint32_t long_shift[4][256], short_shift[4][256];

#if defined(__x86_64__)
#include <nmmintrin.h>
#define WITH_CRC __attribute__((target("sse4.2")))
#define STEP8(crc, word) _mm_crc32_u64((crc), (word))
#define STEP1(crc, byte) _mm_crc32_u8((uint32_t)(crc), (byte))
static int supported(void) { return __builtin_cpu_supports("sse4.2"); }
#else
#include <arm_acle.h>
#include <sys/auxv.h>
#ifndef HWCAP_CRC32
#define HWCAP_CRC32 (1 << 7)
#endif
#define WITH_CRC __attribute__((target("+crc")))
#define STEP8(crc, word) __crc32cd((uint32_t)(crc), (word))
#define STEP1(crc, byte) __crc32cb((uint32_t)(crc), (byte))
static int supported(void) { return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0; }
#endif

/* The product of two polynomials modulo that of the checksum; the highest bit is the constant term. */
static uint32_t multiply(uint32_t a, uint32_t b) {
  uint32_t product = 0;
  for (uint32_t bit = 1u << 31; bit != 0; bit >>= 1) {
    if ((a & bit) != 0) product ^= b;
    b = (b & 1) != 0 ? (b >> 1) ^ REFLECTED : b >> 1;
  }
  return product;
}

/* x to the power of `exponent`, modulo the polynomial. */
static uint32_t power_of_x(uint64_t exponent) {
  uint32_t power = 1u << 31;
  uint32_t square = 1u << 30;
  for (; exponent != 0; exponent >>= 1) {
    if ((exponent & 1) != 0) power = multiply(power, square);
    square = multiply(square, square);
  }
  return power;
}

/* Tables that shift a checksum over `bytes` zeros: by each byte of it. */
static void make_shift(uint32_t table[4][256], uint64_t bytes) {
  uint32_t power = power_of_x(bytes * 8);
  for (int place = 0; place < 4; place++) {
    for (uint32_t byte = 0; byte < 256; byte++) table[place][byte] = multiply(power, byte << (8 * place));
  }
}

static uint32_t shift(uint32_t table[4][256], uint32_t crc) {
  return table[0][crc & 255] ^ table[1][(crc >> 8) & 255] ^ table[2][(crc >> 16) & 255] ^ table[3][crc >> 24];
}

static uint64_t word_at(const uint8_t *at) {
  uint64_t word;
  memcpy(&word, at, sizeof word);
  return word;
}

WITH_CRC static uint64_t three_parts(uint32_t table[4][256], uint64_t crc, const uint8_t *at, size_t part) {
  uint64_t first = crc, second = 0, third = 0;
  for (const uint8_t *end = at + part; at < end; at += 8) {
    first = STEP8(first, word_at(at));
    second = STEP8(second, word_at(at + part));
    third = STEP8(third, word_at(at + 2 * part));
  }
  return shift(table, shift(table, (uint32_t)first) ^ (uint32_t)second) ^ third;
}

/*
 * By carry-less multiplication (Gopal and others, "Fast CRC computation for generic polynomials using PCLMULQDQ instruction", Intel
 * 2009), four words of 512 bits at a time: each is multiplied by a power of x that puts it onto the one 256 bytes further on.
 * A lane of 128 bits is the polynomial low * x^64 + high, lowest bit first; the product of two halves is x times that of their
 * polynomials, which the exponents make up for.
 */
#if defined(__x86_64__) && ((defined(__GNUC__) && __GNUC__ >= 9) || (defined(__clang_major__) && __clang_major__ >= 8))
#define HAVE_FOLDING 1
#include <immintrin.h>
#define WITH_FOLDING __attribute__((target("avx512f,avx512vl,pclmul,vpclmulqdq,sse4.2")))
#define FOLDED 256

static int can_fold;
/* For a distance in bits: the factors of the low and the high half. */
static uint64_t fold_2048[2], fold_512[2], fold_384[2], fold_256[2], fold_128[2];

static void make_fold(uint64_t factors[2], uint64_t distance) {
  factors[0] = (uint64_t)power_of_x(distance + 63) << 32;
  factors[1] = (uint64_t)power_of_x(distance - 1) << 32;
}

static void make_folds(void) {
  make_fold(fold_2048, 2048);
  make_fold(fold_512, 512);
  make_fold(fold_384, 384);
  make_fold(fold_256, 256);
  make_fold(fold_128, 128);
  can_fold = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
             __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("vpclmulqdq");
}

WITH_FOLDING static __m512i factors_of(const uint64_t factors[2]) {
  return _mm512_broadcast_i32x4(_mm_set_epi64x((int64_t)factors[1], (int64_t)factors[0]));
}

WITH_FOLDING static __m512i fold(__m512i word, __m512i factors, __m512i onto) {
  __m512i low = _mm512_clmulepi64_epi128(word, factors, 0x00);
  __m512i high = _mm512_clmulepi64_epi128(word, factors, 0x11);
  return _mm512_ternarylogic_epi64(low, high, onto, 0x96);
}

WITH_FOLDING static __m128i fold_lane(__m128i lane, const uint64_t factors[2]) {
  __m128i by = _mm_set_epi64x((int64_t)factors[1], (int64_t)factors[0]);
  return _mm_xor_si128(_mm_clmulepi64_si128(lane, by, 0x00), _mm_clmulepi64_si128(lane, by, 0x11));
}

/* The state of the checksum after `length` bytes, a multiple of FOLDED and not 0, from the state `crc`. */
WITH_FOLDING static uint32_t folded(const uint8_t *at, size_t length, uint32_t crc) {
  __m512i a = _mm512_xor_si512(_mm512_loadu_si512(at), _mm512_zextsi128_si512(_mm_cvtsi32_si128((int)crc)));
  __m512i b = _mm512_loadu_si512(at + 64);
  __m512i c = _mm512_loadu_si512(at + 128);
  __m512i d = _mm512_loadu_si512(at + 192);
  __m512i far = factors_of(fold_2048), near = factors_of(fold_512);
  for (const uint8_t *end = at + length; (at += FOLDED) < end;) {
    a = fold(a, far, _mm512_loadu_si512(at));
    b = fold(b, far, _mm512_loadu_si512(at + 64));
    c = fold(c, far, _mm512_loadu_si512(at + 128));
    d = fold(d, far, _mm512_loadu_si512(at + 192));
  }
  d = fold(fold(fold(a, near, b), near, c), near, d);
  __m128i lane = _mm512_extracti32x4_epi32(d, 3);
  lane = _mm_xor_si128(lane, fold_lane(_mm512_extracti32x4_epi32(d, 0), fold_384));
  lane = _mm_xor_si128(lane, fold_lane(_mm512_extracti32x4_epi32(d, 1), fold_256));
  lane = _mm_xor_si128(lane, fold_lane(_mm512_extracti32x4_epi32(d, 2), fold_128));
  uint64_t sum = STEP8(0, (uint64_t)_mm_extract_epi64(lane, 0));
  return (uint32_t)STEP8(sum, (uint64_t)_mm_extract_epi64(lane, 1));
}
#endif

/* The state of the checksum after `length` bytes, from the state `crc`. */
WITH_CRC static uint32_t stepped(const uint8_t *at, size_t length, uint64_t crc) {
  for (; length >= 3 * LONG_PART; at += 3 * LONG_PART, length -= 3 * LONG_PART) {
    crc = three_parts(long_shift, (uint32_t)crc, at, LONG_PART);
  }
  for (; length >= 3 * SHORT_PART; at += 3 * SHORT_PART, length -= 3 * SHORT_PART) {
    crc = three_parts(short_shift, (uint32_t)crc, at, SHORT_PART);
  }
  for (; length >= 8; at += 8, length -= 8) crc = STEP8(crc, word_at(at));
  for (; length > 0; at++, length--) crc = STEP1(crc, *at);
  return (uint32_t)crc;
}

static uint32_t checksum(const uint8_t *at, size_t length, uint32_t seed, int may_fold) {
  uint32_t crc = ~seed;
#ifdef HAVE_FOLDING
  if (may_fold && can_fold && length >= 2 * FOLDED) {
    size_t part = length - length % FOLDED;
    crc = folded(at, part, crc);
    at += part;
    length -= part;
  }
#endif
  (void)may_fold;
  return ~stepped(at, length, crc);
}
#endif

/* crc32c(view, offset, length, seed): the checksum, as a signed number. Where the function's data is NULL, by steps only. */
static napi_value crc32c(napi_env env, napi_callback_info info) {
#ifdef HAVE_CRC
  napi_value args[MAX_ARGS], result;
  size_t argc = MAX_ARGS, length;
  int32_t seed;
  void *may_fold;
  napi_get_cb_info(env, info, &argc, args, NULL, &may_fold);
  const uint8_t *at = span(env, args[0], args[1], args[2], &length);
  if (at == NULL) return NULL;
  if (napi_get_value_int32(env, args[3], &seed) != napi_ok) {
    napi_throw_type_error(env, NULL, "a number is wanted");
    return NULL;
  }
  napi_create_int32(env, (int32_t)checksum(at, length, (uint32_t)seed, may_fold != NULL), &result);
  return result;
#else
  (void)info;
  napi_throw_error(env, NULL, "no instructions for checksums");
  return NULL;
#endif
}

/* ---- Reading ---- */

/*
 * readNow(fd, view, offset, length, position): preadv2(2) with RWF_NOWAIT. Bytes read: fewer than wanted where the rest is not in the
 * page cache, or at the end of the file; -1 where none can be read without waiting, for whatever reason.
 */
static napi_value read_now(napi_env env, napi_callback_info info) {
  napi_value args[MAX_ARGS];
  size_t argc = MAX_ARGS, length;
  int32_t fd;
  double position;
  napi_get_cb_info(env, info, &argc, args, NULL, NULL);
  if (napi_get_value_int32(env, args[0], &fd) != napi_ok || napi_get_value_double(env, args[4], &position) != napi_ok) {
    napi_throw_type_error(env, NULL, "a number is wanted");
    return NULL;
  }
  uint8_t *to = span(env, args[1], args[2], args[3], &length);
  if (to == NULL) return NULL;
#if defined(__linux__) && defined(SYS_preadv2) && defined(__LP64__)
  struct iovec piece = {.iov_base = to, .iov_len = length};
  long done = syscall(SYS_preadv2, (long)fd, &piece, 1L, (long)position, 0L, (long)RWF_NOWAIT);
  return number(env, done < 0 ? -1 : (double)done);
#else
  return number(env, -1);
#endif
}

NAPI_MODULE_INIT() {
  napi_value has_crc;
  static int can = 0;
#ifdef HAVE_CRC
  can = supported();
  if (can) {
    /* several threads may write the same values at a time */
    make_shift(long_shift, LONG_PART);
    make_shift(short_shift, SHORT_PART);
#ifdef HAVE_FOLDING
    make_folds();
#endif
  }
#endif
  napi_get_boolean(env, can, &has_crc);
  napi_property_descriptor properties[] = {
      {"readNow", NULL, read_now, NULL, NULL, NULL, napi_enumerable, NULL},
      {"crc32c", NULL, crc32c, NULL, NULL, NULL, napi_enumerable, &can},
      {"crc32cBySteps", NULL, crc32c, NULL, NULL, NULL, napi_enumerable, NULL},
      {"hasCrc", NULL, NULL, NULL, NULL, has_crc, napi_enumerable, NULL},
  };
  napi_define_properties(env, exports, sizeof properties / sizeof properties[0], properties);
  return exports;
}
