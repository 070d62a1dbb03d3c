// Compares each mutant with expected outputs, cycle by cycle.
#include "mutants.h"

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    const Words vectors = read_words("vectors");
    return for_each_mutant(std::atoi(argv[1]), std::atoi(argv[2]), [&](Vmodel &model) -> long {
        const uint32_t *next = vectors.data(), *const end = next + vectors.size();
        for (long cycle = 0; next != end; ++cycle) {
            set_reset(model, *next++);
            for (int word = 0; word < IN_WORDS; ++word) model.inputs[word] = *next++;
            model.eval();
            for (int word = 0; word < OUT_WORDS; ++word, next += 2)
                if ((model.outputs[word] ^ next[0]) & next[1]) return cycle;
            edge(model);
        }
        return -1;
    });
}
