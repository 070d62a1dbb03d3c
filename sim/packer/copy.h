// The first step: rows of source bytes, to where they stand in their tiles.

#pragma once

#include <algorithm>
#include <cstdint>

#include "matrix.h"

namespace {

constexpr uint8_t ZEROS = 0b01010101;  // weight 0 in all fields

template <int SHIFT>
uint8_t field(uint8_t byte) {
    return byte >> SHIFT;
}

// What is not a code becomes 3, which is found later.
uint8_t code(uint8_t byte) { return byte < 3 ? byte : 3; }

uint8_t weight(uint8_t byte) { return code(static_cast<uint8_t>(byte + 1)); }

// Copy `length` bytes of a row to its place in each K tile.
template <uint8_t (*CONVERT)(uint8_t)>
void copy_row(const uint8_t* __restrict from, uint8_t* __restrict to, uint64_t length,
              uint64_t lanes, uint64_t tile_codes) {
    for (; length; to += tile_codes) {
        const uint64_t count = std::min(length, lanes);
        uint64_t lane = 0;
        // For the compiler: a whole vector at a time, without a look at the rest.
        for (; lane + 32 <= count; lane += 32) {
            for (uint64_t i = lane; i < lane + 32; ++i) to[i] = CONVERT(from[i]);
        }
        for (; lane < count; ++lane) to[lane] = CONVERT(from[lane]);
        from += count;
        length -= count;
    }
}

auto* row_copier(uint64_t source, int shift) {
    if (source == CODES) return copy_row<code>;
    if (source == WEIGHTS) return copy_row<weight>;
    constexpr decltype(&copy_row<code>) fields[] = {copy_row<field<0>>, copy_row<field<2>>,
                                                    copy_row<field<4>>, copy_row<field<6>>};
    return fields[shift / 2];
}

}  // namespace
