// What the benches of mutants share: files of words, and the loop over the mutants of one model.
#pragma once
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "Vmodel.h"
#include "verilated.h"

inline double sc_time_stamp() { return 0; }

using Words = std::vector<uint32_t>;

inline Words read_words(const char *path) {
    FILE *file = std::fopen(path, "rb");
    if (!file) std::exit(2);
    std::fseek(file, 0, SEEK_END);
    Words words(std::ftell(file) / sizeof(uint32_t));
    std::rewind(file);
    if (std::fread(words.data(), sizeof(uint32_t), words.size(), file) != words.size()) std::exit(2);
    std::fclose(file);
    return words;
}

// Inputs settle before the edge that ends the cycle; there the outputs are looked at.
inline void edge(Vmodel &model) {
#ifdef CLOCKED
    model.clk = 1;
    model.eval();
    model.clk = 0;
    model.eval();
#else
    (void)model;
#endif
}

inline void set_reset(Vmodel &model, bool reset) {
#ifdef CLOCKED
    model.rst = reset;
#else
    (void)model;
    (void)reset;
#endif
}

// Prints for each mutant the cycle in which it was found, or -1. `find` returns just that.
template <typename Find> int for_each_mutant(int first, int last, Find find) {
    for (int mutant = first; mutant <= last; ++mutant) {
        auto context = std::make_unique<VerilatedContext>();
        auto model = std::make_unique<Vmodel>(context.get());
        model->mutsel = mutant;
        set_reset(*model, false);
#ifdef CLOCKED
        model->clk = 0;
#endif
        std::printf("%ld\n", find(*model));
    }
    return 0;
}
