// The third step: bytes of the stream, by logic on eight bytes at once.

#pragma once

#include <cstdint>

namespace {

constexpr uint64_t each_byte(uint64_t byte) { return byte * 0x0101010101010101; }

constexpr uint64_t LOW_BITS = each_byte(0b01010101);
constexpr uint64_t EVEN_FIELDS = each_byte(0b00110011);
constexpr uint64_t LOW_FIELDS = each_byte(0b00001111);

uint64_t choose(uint64_t mask, uint64_t yes, uint64_t no) { return (mask & yes) | (~mask & no); }

// From the low bits of fields to both bits.
uint64_t both(uint64_t low, uint64_t high) { return low | high << 1; }
uint64_t both(uint64_t low) { return both(low, low); }

// Weights in the fields of a word: those that are +1 and those that are -1, at the low bits.
struct Trits {
    uint64_t plus;
    uint64_t minus;
    uint64_t illegal;

    explicit Trits(uint64_t codes)
        : plus(codes >> 1 & LOW_BITS), minus(~(codes | plus) & LOW_BITS), illegal(codes & plus) {}

    // 0, 1 and 2 for the weights 0, +1 and -1: trit2, and the digits of trit5.
    uint64_t digits() const { return both(plus, minus); }
};

// Find bits 2 i and 2 i + 1 of the codes, `pairs[i]`, by the table in docs/architecture.md.
void encode_group(const Trits (&w)[5], uint64_t (&pairs)[4]) {
    const uint64_t c10_are_11 = w[2].minus & ~w[1].minus;
    const uint64_t c32_are_11 = w[2].minus & w[1].minus;
    const uint64_t c10 = w[0].digits() | both(c10_are_11);
    // Where C[3:2] = 11, the digit of w1 has the upper one.
    const uint64_t c32 = choose(both(c10_are_11), w[0].digits(), w[1].digits() | c32_are_11);
    const uint64_t c4 = choose(c10_are_11, w[1].plus, w[2].plus);
    const uint64_t t42_are_111 = w[4].minus & w[3].minus;
    const uint64_t t65 = both(w[4].minus | w[3].plus, w[4].minus | w[3].minus);
    const uint64_t t7 = (w[4].minus & w[3].plus) | w[4].plus;
    const uint64_t upper = choose(both(t42_are_111), c32, t65);
    pairs[0] = c10;
    pairs[1] = c32 | both(t42_are_111);
    pairs[2] = both(c4 | t42_are_111, upper & LOW_BITS);
    pairs[3] = both(upper >> 1 & LOW_BITS, choose(t42_are_111, c4, t7));
}

void encode_group(const Trits (&w)[4], uint64_t (&pairs)[4]) {
    for (int i = 0; i < 4; ++i) pairs[i] = w[i].digits();
}

void exchange(uint64_t& high_of, uint64_t& low_of, int shift, uint64_t mask) {
    const uint64_t different = (high_of >> shift ^ low_of) & mask;
    high_of ^= different << shift;
    low_of ^= different;
}

typedef uint64_t Word __attribute__((aligned(1), may_alias));  // at any address

// Return whether there is a code 3. (Parameters, because the compiler takes the word of no others
// that they do not overlap.)
template <int GROUP>
bool encode(uint64_t words, const Word* __restrict in0, const Word* __restrict in1,
            const Word* __restrict in2, const Word* __restrict in3, const Word* __restrict in4,
            Word* __restrict out0, Word* __restrict out1, Word* __restrict out2,
            Word* __restrict out3) {
    uint64_t illegal = 0;
    for (uint64_t i = 0; i < words; ++i) {
        uint64_t pairs[4];
        if constexpr (GROUP == 5) {
            const Trits weights[] = {Trits(in0[i]), Trits(in1[i]), Trits(in2[i]), Trits(in3[i]),
                                     Trits(in4[i])};
            for (const Trits& some : weights) illegal |= some.illegal;
            encode_group(weights, pairs);
        } else {
            const Trits weights[] = {Trits(in0[i]), Trits(in1[i]), Trits(in2[i]), Trits(in3[i])};
            for (const Trits& some : weights) illegal |= some.illegal;
            encode_group(weights, pairs);
        }
        // Field f of pair p becomes pair p of field f.
        exchange(pairs[0], pairs[1], 2, EVEN_FIELDS);
        exchange(pairs[2], pairs[3], 2, EVEN_FIELDS);
        exchange(pairs[0], pairs[2], 4, LOW_FIELDS);
        exchange(pairs[1], pairs[3], 4, LOW_FIELDS);
        out0[i] = pairs[0];
        out1[i] = pairs[1];
        out2[i] = pairs[2];
        out3[i] = pairs[3];
    }
    return illegal;
}

template <int GROUP>
bool encode(uint64_t words, uint8_t* const* in, uint8_t* const* out) {
    const auto word = [](uint8_t* bytes) { return reinterpret_cast<Word*>(bytes); };
    return encode<GROUP>(words, word(in[0]), word(in[1]), word(in[2]), word(in[3]), word(in[4]),
                         word(out[0]), word(out[1]), word(out[2]), word(out[3]));
}

}  // namespace
