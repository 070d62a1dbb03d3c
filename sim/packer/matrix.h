// What is to be packed. sim/native_packer.py mirrors this.

#pragma once

#include <cstdint>

extern "C" {

enum Source { FIELDS = 0, CODES = 1, WEIGHTS = 2 };

struct Matrix {
    const uint8_t* bytes;
    uint64_t n;
    uint64_t k;              // length of a row, here and in `bytes`
    const uint64_t* places;  // of fields: for each row of the matrix, its row of bytes ...
    const uint8_t* shifts;   // ... and the lowest bit of its field: 0, 2, 4 or 6
    uint64_t source;         // fields, bytes that are codes, or bytes that are weights
    uint64_t rows;           // sizes of the array
    uint64_t lanes;
    uint64_t group;  // weights in a byte of the stream
    uint64_t tile_bytes;
    uint64_t threads;  // at most so many
};

enum Outcome { PACKED = 0, ILLEGAL = 1, NO_MEMORY = 2 };

}  // extern "C"
