// Packs ternary weight matrices into words of the weight stream: the bytes of `pack_weights` in
// sim/packing.py, at the speed of memory.
//
// A source byte has four fields of two bits, and a field holds a code: weight + 1. Checkpoints of
// Hugging Face keep four rows of a matrix in the fields of a row of bytes. Output tiles that have
// the same place in the same bytes, each in other fields, make a *strip* and are packed at once.
// Of a strip, as many K tiles as fit the cache next to the core make a piece, in three steps:
//
// 1. copy:   rows of K tiles become one sequence of source bytes, in the order of the stream;
// 2. split:  the bytes of a group (five in trit5, four in trit2) go to as many planes, so that
//            plane i has the i-th of each;
// 3. encode: logic on words, which the compiler makes as wide as the processor allows, turns the
//            planes into the bytes of the stream, for all four fields.
//
// sim/native_packer.py mirrors the structure and the function below.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <new>
#include <numeric>
#include <system_error>
#include <thread>
#include <tuple>
#include <vector>

#include "copy.h"
#include "encode.h"
#include "matrix.h"
#include "split.h"

namespace {

constexpr uint64_t PIECE_BYTES = 1 << 14;
constexpr uint64_t CACHE_LINE_BYTES = 64;
constexpr uint64_t THREAD_WEIGHTS = 1 << 19;  // packed in the time that a thread takes to start

uint64_t divide_up(uint64_t dividend, uint64_t divisor) {
    return (dividend + divisor - 1) / divisor;
}

// Output tiles, by the field that each has above those of the first; -1 where there is none.
struct Strip {
    int64_t tiles[4];
};

struct Memory {
    std::vector<uint8_t> codes;
    std::vector<uint8_t> planes;  // five, and one for fields that are in no tile
};

class Packer {
   public:
    Packer(const Matrix& matrix, uint8_t* packed)
        : m_(matrix),
          packed_(packed),
          tile_groups_(divide_up(m_.rows * m_.lanes, m_.group)),
          tile_codes_(tile_groups_ * m_.group),
          k_tiles_(divide_up(m_.k, m_.lanes)),
          piece_tiles_(std::clamp<uint64_t>(PIECE_BYTES / tile_codes_, 1, k_tiles_)),
          pieces_(divide_up(k_tiles_, piece_tiles_)),
          // A word may begin with the last group of a plane.
          stride_(divide_up(piece_tiles_ * tile_groups_ + 8, STEP_GROUPS) * STEP_GROUPS) {
        find_strips();
    }

    bool run() {
        const uint64_t wanted = std::min(m_.threads, m_.n * m_.k / THREAD_WEIGHTS);
        // All before the first thread starts: none can fail for lack of memory.
        std::vector<Memory> memories(std::max<uint64_t>(1, wanted));
        for (Memory& memory : memories) {
            memory.codes.assign(stride_ * m_.group, ZEROS);
            memory.planes.resize(stride_ * 6);
        }
        std::vector<std::thread> threads;
        threads.reserve(memories.size());
        try {
            for (size_t i = 1; i < memories.size(); ++i) {
                threads.emplace_back([this, &memories, i] { work(memories[i]); });
            }
        } catch (const std::system_error&) {
            // No more threads here; those that run, and this one, do it all.
        }
        work(memories[0]);
        for (std::thread& thread : threads) thread.join();
        return !illegal_;
    }

   private:
    uint64_t place(uint64_t row) const { return m_.source == FIELDS ? m_.places[row] : row; }
    int shift(uint64_t row) const { return m_.source == FIELDS ? m_.shifts[row] : 0; }
    uint64_t height(uint64_t tile) const { return std::min(m_.rows, m_.n - tile * m_.rows); }

    void find_strips() {
        std::vector<uint64_t> tiles(divide_up(m_.n, m_.rows));
        std::iota(tiles.begin(), tiles.end(), 0);
        const auto key = [this](uint64_t tile) {
            const uint64_t row = tile * m_.rows;
            return std::make_tuple(place(row), shift(row), tile);
        };
        std::sort(tiles.begin(), tiles.end(),
                  [&key](uint64_t one, uint64_t other) { return key(one) < key(other); });
        for (uint64_t tile : tiles) {
            const int field = strips_.empty() ? 0 : field_in(strips_.back(), tile);
            if (!field) strips_.push_back({{-1, -1, -1, -1}});
            strips_.back().tiles[field] = static_cast<int64_t>(tile);
        }
    }

    // Return 0 if the tile is not of this strip.
    int field_in(const Strip& strip, uint64_t tile) const {
        const uint64_t first = strip.tiles[0] * m_.rows, other = tile * m_.rows;
        const int bits = shift(other) - shift(first);
        if (height(tile) != height(strip.tiles[0])) return 0;
        for (uint64_t row = 0; row < height(tile); ++row) {
            if (place(other + row) != place(first + row)
                || shift(other + row) != shift(first + row) + bits) {
                return 0;
            }
        }
        // A row can be wanted twice.
        return strip.tiles[bits / 2] < 0 ? bits / 2 : 0;
    }

    void work(Memory& memory) {
        for (uint64_t piece; (piece = next_++) < strips_.size() * pieces_;) {
            const Strip& strip = strips_[piece / pieces_];
            const uint64_t first = piece % pieces_ * piece_tiles_;
            const uint64_t count = std::min(piece_tiles_, k_tiles_ - first);
            copy(strip, first, count, memory.codes);
            const auto pack = m_.group == 5 ? &Packer::pack<5> : &Packer::pack<4>;
            (this->*pack)(strip, first, count, memory);
        }
    }

    void copy(const Strip& strip, uint64_t k_tile, uint64_t count, std::vector<uint8_t>& codes) {
        const uint64_t column = k_tile * m_.lanes, row = strip.tiles[0] * m_.rows;
        const uint64_t length = std::min(count * m_.lanes, m_.k - column);
        const uint64_t rows = height(strip.tiles[0]);
        if (rows < m_.rows || length < count * m_.lanes) {
            std::fill(codes.begin(), codes.end(), ZEROS);
        }
        for (uint64_t i = 0; i < rows; ++i) {
            const uint8_t* from = m_.bytes + place(row + i) * m_.k + column;
            row_copier(m_.source, shift(row + i))(from, codes.data() + i * m_.lanes, length,
                                                  m_.lanes, tile_codes_);
            // The next piece: of so many rows the processor does not see by itself that they go on.
            for (uint64_t byte = length; byte < 2 * length; byte += CACHE_LINE_BYTES) {
                __builtin_prefetch(from + byte, 0, 2);
            }
        }
    }

    template <int GROUP>
    void pack(const Strip& strip, uint64_t k_tile, uint64_t count, Memory& memory) {
        split<GROUP>(memory.codes.data(), count * tile_groups_, memory.planes.data(), stride_);
        uint64_t groups = tile_groups_, bytes = m_.tile_bytes;
        if (groups == bytes) {
            // Nothing between tiles: the piece is one.
            groups = bytes = count * tile_groups_;
            count = 1;
        }
        const uint64_t words = groups / 8, rest = groups % 8;
        for (uint64_t tile = 0; tile < count; ++tile) {
            uint8_t *in[5], *in_rest[5], *out[4], out_rest[4][8];
            for (int i = 0; i < 5; ++i) {
                in[i] = memory.planes.data() + i * stride_ + tile * groups;
                in_rest[i] = in[i] + 8 * words;
            }
            for (int f = 0; f < 4; ++f) {
                const uint64_t first = strip.tiles[f] * k_tiles_ + k_tile;
                out[f] = strip.tiles[f] < 0 ? memory.planes.data() + 5 * stride_
                                            : packed_ + first * m_.tile_bytes + tile * bytes;
            }
            if (encode<GROUP>(words, in, out)) illegal_ = true;
            uint8_t* const rests[] = {out_rest[0], out_rest[1], out_rest[2], out_rest[3]};
            if (rest && encode<GROUP>(1, in_rest, rests)) illegal_ = true;
            for (int f = 0; f < 4; ++f) {
                if (strip.tiles[f] < 0) continue;
                for (uint64_t i = 0; i < rest; ++i) out[f][8 * words + i] = out_rest[f][i];
                // Zeros have the code 0 in both encodings.
                std::memset(out[f] + groups, 0, bytes - groups);
            }
        }
    }

    const Matrix& m_;
    uint8_t* packed_;
    uint64_t tile_groups_;
    uint64_t tile_codes_;
    uint64_t k_tiles_;
    uint64_t piece_tiles_;
    uint64_t pieces_;
    uint64_t stride_;
    std::vector<Strip> strips_;
    std::atomic<uint64_t> next_{0};
    std::atomic<bool> illegal_{false};
};

}  // namespace

// Write the words of a matrix of at least one weight, ceil(n / rows) ceil(k / lanes) tile_bytes.
extern "C" __attribute__((visibility("default"))) Outcome pack_matrix(const Matrix* matrix,
                                                                      uint8_t* packed) {
    try {
        return Packer(*matrix, packed).run() ? PACKED : ILLEGAL;
    } catch (const std::bad_alloc&) {
        return NO_MEMORY;
    }
}
