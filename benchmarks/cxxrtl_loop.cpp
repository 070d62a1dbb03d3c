// Drives a CXXRTL model of the accelerator cycle by cycle, as sim/harness.cpp does Verilator's.
//
// All streams are offered at full speed and results are always taken. Inputs change with the
// falling edge, and one step of the model then settles the handshakes of the cycle: that and the
// step of the rising edge are what CXXRTL needs at least.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>

#include "model.cpp"

using Top = cxxrtl_design::p_bitnet__accelerator;

namespace {

// A command comes in 8 bytes, whatever the width of its port.
template <size_t Bits>
void put(cxxrtl::value<Bits>& port, const uint8_t* bytes, size_t count) {
    std::memcpy(port.data, bytes, std::min(count, sizeof port.data));
}

// An output is a value or, if the model buffers it, a wire.
template <size_t Bits>
const uint32_t* bits(const cxxrtl::value<Bits>& port) { return port.data; }
template <size_t Bits>
const uint32_t* bits(const cxxrtl::wire<Bits>& port) { return port.curr.data; }

}  // namespace

extern "C" {

// Words of a stream, one after the other.
struct Words {
    const uint8_t* bytes;
    uint64_t count;
    uint64_t size;
};

// Run jobs from reset; return the cycle of the last result, or -1 if they do not come to their end.
int64_t run(const Words* streams, int32_t* results, uint64_t result_count, uint64_t beat_words,
            uint64_t count_bits, uint64_t cycle_limit) {
    auto model = std::make_unique<Top>();
    Top& top = *model;
    auto half = [&top](bool clock) {
        top.p_clk.set<bool>(clock);
        top.step();
    };
    top.p_results____ready.set<bool>(true);
    top.p_rst.set<bool>(true);
    for (int cycle = 0; cycle < 3; ++cycle) {
        half(false);
        half(true);
    }
    top.p_rst.set<bool>(false);

    const auto& [commands, weights, activations] = *reinterpret_cast<const Words(*)[3]>(streams);
    uint64_t command = 0, weight = 0, activation = 0, done = 0;
    for (uint64_t cycle = 0; cycle < cycle_limit; ++cycle) {
        const bool offer_command = command < commands.count;
        const bool offer_weight = weight < weights.count;
        const bool offer_activation = activation < activations.count;
        top.p_commands____valid.set<bool>(offer_command);
        top.p_weights____valid.set<bool>(offer_weight);
        top.p_activations____valid.set<bool>(offer_activation);
        if (offer_command) {
            put(top.p_commands____payload, commands.bytes + command * commands.size, commands.size);
        }
        if (offer_weight) {
            put(top.p_weights____payload, weights.bytes + weight * weights.size, weights.size);
        }
        if (offer_activation) {
            put(top.p_activations____payload, activations.bytes + activation * activations.size,
                activations.size);
        }
        half(false);
        command += offer_command && *bits(top.p_commands____ready);
        weight += offer_weight && *bits(top.p_weights____ready);
        activation += offer_activation && *bits(top.p_activations____ready);
        if (*bits(top.p_results____valid)) {
            const auto* beat = reinterpret_cast<const uint8_t*>(bits(top.p_results____payload));
            // Beside the results: their number.
            uint32_t count = 0;
            std::memcpy(&count, beat + 4 * beat_words, (count_bits + 7) / 8);
            count &= (uint32_t{1} << count_bits) - 1;
            if (done + count > result_count) return -1;
            std::memcpy(results + done, beat, 4 * count);
            done += count;
            if (done == result_count) return cycle;
        }
        half(true);
    }
    return -1;
}

}  // extern "C"
