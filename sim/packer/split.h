// The second step: one plane of bytes for each place in a group.

#pragma once

#include <cstdint>

#ifdef __AVX2__
#include <immintrin.h>
#endif

namespace {

constexpr uint64_t STEP_GROUPS = 32;  // are split at a time

#ifdef __AVX2__

__m256i twice(const uint8_t (&bytes)[16]) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes)));
}

__m256i choose(__m256i mask, __m256i yes, __m256i no) {
#ifdef __AVX512VL__
    return _mm256_ternarylogic_epi32(mask, yes, no, 0xCA);
#else
    return _mm256_blendv_epi8(no, yes, mask);
#endif
}

// Five registers have 80 bytes in each half: byte p of register j is number j + p of a group, mod
// 5. So plane i takes byte p of register i - p, mod 5: the registers change places by p mod 5, one
// bit of that at a time. As 5 does not divide 16, every byte is taken once, and only the order is
// left to mend.
void split_step(const uint8_t* codes, uint8_t* planes, uint64_t stride) {
    static constexpr uint8_t BIT_0[16] = {0, 255, 0, 255, 0, 0, 255, 0,
                                          255, 0, 0, 255, 0, 255, 0, 0};
    static constexpr uint8_t BIT_1[16] = {0, 0, 255, 255, 0, 0, 0, 255,
                                          255, 0, 0, 0, 255, 255, 0, 0};
    static constexpr uint8_t BIT_2[16] = {0, 0, 0, 0, 255, 0, 0, 0, 0, 255, 0, 0, 0, 0, 255, 0};
    static constexpr uint8_t ORDER[16] = {0, 5, 10, 15, 4, 9, 14, 3, 8, 13, 2, 7, 12, 1, 6, 11};
    const auto* half = reinterpret_cast<const __m128i*>(codes);
    __m256i in[5], out[5];
    for (int j = 0; j < 5; ++j) {
        const __m256i lower = _mm256_castsi128_si256(_mm_loadu_si128(half + j));
        in[j] = _mm256_inserti128_si256(lower, _mm_loadu_si128(half + 5 + j), 1);
    }
    for (int i = 0; i < 5; ++i) out[i] = choose(twice(BIT_0), in[(i + 4) % 5], in[i]);
    for (int i = 0; i < 5; ++i) in[i] = choose(twice(BIT_1), out[(i + 3) % 5], out[i]);
    for (int i = 0; i < 5; ++i) out[i] = choose(twice(BIT_2), in[(i + 1) % 5], in[i]);
    for (int i = 0; i < 5; ++i) {
        const __m256i later = _mm256_add_epi8(twice(ORDER), _mm256_set1_epi8(i));
        const __m256i order = _mm256_and_si256(later, _mm256_set1_epi8(15));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(planes + i * stride),
                            _mm256_shuffle_epi8(out[i], order));
    }
}

#endif

template <int GROUP>
void split(const uint8_t* __restrict codes, uint64_t groups, uint8_t* __restrict planes,
           uint64_t stride) {
#ifdef __AVX2__
    if constexpr (GROUP == 5) {
        for (uint64_t group = 0; group < groups; group += STEP_GROUPS) {
            split_step(codes + 5 * group, planes + group, stride);
        }
        return;
    }
#endif
    for (uint64_t group = 0; group < groups; ++group) {
        for (int i = 0; i < GROUP; ++i) planes[i * stride + group] = codes[GROUP * group + i];
    }
}

}  // namespace
