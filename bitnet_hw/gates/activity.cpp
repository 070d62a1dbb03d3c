// Runs a netlist through inputs from a file, and counts toggles and ones of every net.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "Vmodel.h"
#include "shape.h"
#include "verilated.h"

double sc_time_stamp() { return 0; }

namespace {

std::vector<uint32_t> read_words(const char *path) {
    std::vector<uint32_t> words;
    FILE *file = std::fopen(path, "rb");
    if (!file) std::exit(2);
    std::fseek(file, 0, SEEK_END);
    words.resize(std::ftell(file) / sizeof(uint32_t));
    std::rewind(file);
    if (std::fread(words.data(), sizeof(uint32_t), words.size(), file) != words.size()) std::exit(2);
    std::fclose(file);
    return words;
}

void count_bits(uint64_t *counts, uint32_t word) {
    for (; word; word &= word - 1) ++counts[__builtin_ctz(word)];
}

template <typename T> void write_all(const char *path, const std::vector<T> &values) {
    FILE *file = std::fopen(path, "wb");
    if (!file || std::fwrite(values.data(), sizeof(T), values.size(), file) != values.size())
        std::exit(2);
    if (std::fclose(file)) std::exit(2);
}

}  // namespace

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    const long runs = std::atol(argv[1]), cycles = std::atol(argv[2]), skipped = std::atol(argv[3]);
    const std::vector<uint32_t> inputs = read_words("inputs");
    std::vector<uint32_t> outputs;
    std::vector<uint64_t> toggles, ones;
    const uint32_t *next = inputs.data();
    for (long run = 0; run < runs; ++run) {
        auto context = std::make_unique<VerilatedContext>();
        auto owner = std::make_unique<Vmodel>(context.get());
        Vmodel &model = *owner;
        uint32_t *const in[] = {I_PORTS};
        const uint32_t *const out[] = {O_PORTS};
        const uint32_t *const nets[] = {P_PORTS};
        const size_t words = sizeof nets / sizeof *nets;
        toggles.resize(32 * words);
        ones.resize(32 * words);
        std::vector<uint32_t> before(words);
        model.CLOCK = 0;
        for (long cycle = 0; cycle < cycles; ++cycle) {
            // Inputs settle before the edge that ends the cycle; there the nets are looked at.
            for (uint32_t *port : in) *port = *next++;
            model.eval();
            for (const uint32_t *port : out) outputs.push_back(*port);
            for (size_t word = 0; word < words; ++word) {
                const uint32_t now = *nets[word];
                if (cycle >= skipped) {
                    count_bits(&toggles[32 * word], now ^ before[word]);
                    count_bits(&ones[32 * word], now);
                }
                before[word] = now;
            }
            model.CLOCK = 1;
            model.eval();
            model.CLOCK = 0;
            model.eval();
        }
    }
    toggles.insert(toggles.end(), ones.begin(), ones.end());
    write_all("outputs", outputs);
    write_all("counts", toggles);
    return 0;
}
