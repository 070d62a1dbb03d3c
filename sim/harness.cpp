// Drives the Verilated model of `harness_top` cycle by cycle, without a line of Python in between.
//
// All streams are offered at full speed and results are always taken. The inputs of a cycle pass
// through a register in `harness_top`, so after the rising edge everything is settled, handshakes
// included: one evaluation of the design a cycle instead of two.
//
// sim/compiled_interface.py mirrors the structures and functions below.

#include <cstdint>
#include <cstring>
#include <memory>

#include "Vmodel.h"
#include "verilated.h"

namespace {

// A port is an integer of the host or, above 64 bits, a row of 32-bit words: in both cases its
// bytes on a little-endian host are those of the stream, lowest first.
template <typename Port>
void put(Port& port, const uint8_t* bytes, size_t count) {
    std::memcpy(&port, bytes, count);
}

}  // namespace

// Only these functions are visible outside.
#pragma GCC visibility push(default)
extern "C" {

// Sizes of the geometry.
struct Shape {
    uint64_t command_bytes;
    uint64_t weight_bytes;
    uint64_t activation_bytes;
    uint64_t beat_words;
    uint64_t count_bits;
};

// Words of one job on the weight stream, one after the other.
struct Weights {
    const uint8_t* words;
    uint64_t count;
};

struct Jobs {
    uint64_t count;
    const uint64_t* commands;
    const Weights* weights;
    const uint8_t* activations;
    uint64_t activation_words;
    uint64_t rate_words;   // so many words of the weight stream ...
    uint64_t rate_cycles;  // ... in so many cycles
    int32_t* results;
    uint64_t result_count;
    uint64_t* job_ends;  // results up to the end of each job
    uint8_t* job_flags;
};

// What the hardware's status reads; `cycle` is how many cycles have been simulated.
struct Status {
    uint64_t cycle;
    uint64_t last_beat;
    uint64_t results;
    uint64_t jobs;
    uint64_t idle;
    uint64_t illegal_code;
    uint64_t bad_command;
    uint64_t corrupt_word;
    uint64_t dropped_valid;
    uint64_t cycles;
    uint64_t busy;
    uint64_t weight_wait;
    uint64_t activation_wait;
    uint64_t output_wait;
};

enum Outcome { RUNNING = 0, FINISHED = 1, SURPLUS = 2 };

struct Model {
    VerilatedContext context;
    Vmodel top{&context};
    Shape shape;
    Jobs jobs;
    uint64_t command;
    uint64_t weight_job;   // job whose weights are offered, and which of its words
    uint64_t weight_word;
    uint64_t weight;       // words taken over all jobs: says when the next is due
    uint64_t activation;
    Status status;

    void edge() {
        top.clk = 0;
        top.eval();
        top.clk = 1;
        top.eval();
    }
    void offer_nothing() {
        top.next_commands_valid = 0;
        top.next_weights_valid = 0;
        top.next_activations_valid = 0;
    }
};

Model* model_open(const Shape* shape) {
    auto model = std::make_unique<Model>();
    model->shape = *shape;
    return model.release();
}

// Verilator keeps the context of the thread aside; it must be that of the model at work.
void model_close(Model* model) {
    Verilated::threadContextp(&model->context);
    delete model;
    Verilated::threadContextp(Verilated::defaultContextp());
}

// Reset, and begin a job list in cycle 0. The arrays must stay until it is finished.
void model_start(Model* model, const Jobs* jobs) {
    Verilated::threadContextp(&model->context);
    model->jobs = *jobs;
    model->command = model->weight_job = model->weight_word = model->weight = 0;
    model->activation = 0;
    model->status = Status{};
    model->offer_nothing();
    model->top.next_rst = 1;
    for (int cycle = 0; cycle < 3; ++cycle) model->edge();
    model->top.next_rst = 0;
}

// Simulate at most so many cycles; FINISHED in the cycle after the last result.
int model_advance(Model* model, uint64_t cycles) {
    Verilated::threadContextp(&model->context);
    Vmodel& top = model->top;
    const Shape& shape = model->shape;
    const Jobs& jobs = model->jobs;
    Status& status = model->status;
    const uint32_t count_mask = (uint32_t{1} << shape.count_bits) - 1;
    const auto* beat = reinterpret_cast<const uint8_t*>(&top.results_payload);

    for (uint64_t end = status.cycle + cycles; status.cycle != end; ++status.cycle) {
        const bool command = model->command < jobs.count;
        top.next_commands_valid = command;
        if (command) {
            const auto* word = reinterpret_cast<const uint8_t*>(&jobs.commands[model->command]);
            put(top.next_commands_payload, word, shape.command_bytes);
        }
        // Word u is due in cycle ceil(u * rate_cycles / rate_words).
        const bool weight = model->weight_job < jobs.count
            && model->weight * jobs.rate_cycles <= status.cycle * jobs.rate_words;
        top.next_weights_valid = weight;
        if (weight) {
            const uint8_t* words = jobs.weights[model->weight_job].words;
            put(top.next_weights_payload, words + model->weight_word * shape.weight_bytes,
                shape.weight_bytes);
        }
        const bool activation = model->activation < jobs.activation_words;
        top.next_activations_valid = activation;
        if (activation) {
            put(top.next_activations_payload,
                jobs.activations + model->activation * shape.activation_bytes,
                shape.activation_bytes);
        }

        model->edge();

        if (command && top.commands_ready) ++model->command;
        if (weight && top.weights_ready) {
            ++model->weight;
            if (++model->weight_word == jobs.weights[model->weight_job].count) {
                model->weight_word = 0;
                ++model->weight_job;
            }
        }
        if (activation && top.activations_ready) ++model->activation;
        if (top.results_valid) {
            // Beside the results: their number, the flags of the job, the end of the job.
            uint32_t side = 0;
            std::memcpy(&side, beat + 4 * shape.beat_words, (shape.count_bits + 9 + 7) / 8);
            const uint32_t count = side & count_mask;
            if (count > shape.beat_words || status.results + count > jobs.result_count
                || status.jobs == jobs.count) {
                return SURPLUS;
            }
            std::memcpy(jobs.results + status.results, beat, 4 * count);
            status.results += count;
            status.last_beat = status.cycle;
            side >>= shape.count_bits;
            if (side >> 8 & 1) {
                jobs.job_ends[status.jobs] = status.results;
                jobs.job_flags[status.jobs] = side & 0xFF;
                ++status.jobs;
                if (status.jobs == jobs.count) {
                    ++status.cycle;
                    model->offer_nothing();
                    model->edge();
                    return FINISHED;
                }
            }
        }
    }
    return RUNNING;
}

void model_status(const Model* model, Status* status) {
    const Vmodel& top = model->top;
    *status = model->status;
    status->idle = top.idle;
    status->illegal_code = top.illegal_code;
    status->bad_command = top.bad_command;
    status->corrupt_word = top.corrupt_word;
    status->dropped_valid = top.dropped_valid;
    status->cycles = top.cycles;
    status->busy = top.busy;
    status->weight_wait = top.weight_wait;
    status->activation_wait = top.activation_wait;
    status->output_wait = top.output_wait;
}

}  // extern "C"
#pragma GCC visibility pop
