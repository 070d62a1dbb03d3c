// Runs each mutant of the accelerator through scenarios: jobs under pauses, every result compared.
//
// Inputs: word 0 has valid of commands, weights and activations, ready of results, and clear; then
// their payloads, each from a word boundary on. Outputs: ready of the three and valid of results;
// then the payload of results; then the status.
#include <algorithm>

#include "mutants.h"

namespace {

constexpr int STREAMS = 3, PAYLOAD_WORDS[STREAMS] = {COMMAND_WORDS, WEIGHT_WORDS, ACTIVATION_WORDS};
constexpr uint32_t READY = 1u << STREAMS, CLEAR = READY << 1, VALID = 1u << STREAMS;
enum { TO_THE_END, IN_FLIGHT, STANDING };
enum { RESETS, CYCLES, STOPS, WAITS, COUNTS, HEADER = COUNTS + STREAMS + 1 };

class Run {
  public:
    Run(Vmodel &model, const uint32_t *&next) : model(model), header(next) {
        next += HEADER;
        for (int stream = 0; stream < STREAMS; ++stream) {
            items[stream] = next;
            next += header[COUNTS + stream] * (1 + PAYLOAD_WORDS[stream]);
        }
        beats = next;
        next += header[COUNTS + STREAMS] * BEAT_WORDS;
        pauses = next;
        next += PAUSES;
        status = next;
        next += 4 * STATUS_WORDS;
    }

    // Returns whether everything is as it must be.
    bool passes() {
        // Whatever the streams do meanwhile, reset and clear come first.
        noise();
        if (header[RESETS]) {
            set_reset(model, true);
        } else {
            model.inputs[0] = CLEAR;
        }
        model.eval();
        edge(model);
        set_reset(model, false);
        model.inputs[0] = 0;
        model.eval();
        if (model.outputs[0] & VALID || !status_is(status + 2 * STATUS_WORDS, nullptr)) return false;
        for (uint32_t cycle = 0; cycle < header[CYCLES]; ++cycle) {
            if (!step(cycle)) return false;
            if (header[STOPS] == TO_THE_END && complete()) return settles();
        }
        if (header[STOPS] == TO_THE_END) return false;
        return header[STOPS] != STANDING || status_is(status, status + STATUS_WORDS);
    }

    long cycles = 0;

  private:
    void noise() {
        for (int word = 0; word < IN_WORDS; ++word) {
            model.inputs[word] = random = random * 1664525u + 1013904223u;
        }
        model.inputs[0] &= ~CLEAR;
    }

    bool step(uint32_t cycle) {
        noise();
        uint32_t control = 0;
        const uint32_t pause = pauses[cycle % PAUSES];
        int place = 1;
        for (int stream = 0; stream < STREAMS; ++stream) {
            const int words = PAYLOAD_WORDS[stream];
            const uint32_t *const item = items[stream] + sent[stream] * (1 + words);
            if (sent[stream] < header[COUNTS + stream] && cycle >= item[0] && !(pause >> stream & 1))
                offered[stream] = true;
            if (offered[stream]) {
                control |= 1u << stream;
                std::copy(item + 1, item + 1 + words, &model.inputs[place]);
            }
            place += words;
        }
        if (!(pause & READY) && (held || !header[WAITS])) control |= READY;
        model.inputs[0] = control;
        model.eval();
        ++cycles;

        const uint32_t seen = model.outputs[0];
        const uint32_t *const beat = &model.outputs[1];
        // What was offered stays until it is taken.
        if (held && (!(seen & VALID) || !std::equal(beat, beat + BEAT_WORDS, held_beat))) return false;
        held = seen & VALID && !(control & READY);
        std::copy(beat, beat + BEAT_WORDS, held_beat);
        if (seen & VALID) {
            const uint32_t *const expected = beats + come * BEAT_WORDS;
            if (come == header[COUNTS + STREAMS] || !std::equal(beat, beat + BEAT_WORDS, expected))
                return false;
            if (!held) ++come;
        }
        for (int stream = 0; stream < STREAMS; ++stream) {
            if (offered[stream] && seen >> stream & 1) {
                offered[stream] = false;
                ++sent[stream];
            }
        }
        edge(model);
        return true;
    }

    bool complete() const {
        return come == header[COUNTS + STREAMS]
            && std::equal(sent, sent + STREAMS, header + COUNTS);
    }

    // Nothing comes any more, and the status is what it must be.
    bool settles() {
        for (int cycle = 0; cycle < 8; ++cycle) {
            if (!step(cycle)) return false;
        }
        model.inputs[0] = 0;
        model.eval();
        if (!status_is(status, status + STATUS_WORDS)) return false;
        // An activation that no job waits for is not taken; that it is taken back is remembered.
        for (const uint32_t offered : {1u << (STREAMS - 1), 0u}) {
            model.inputs[0] = offered;
            model.eval();
            edge(model);
        }
        return status_is(status + 3 * STATUS_WORDS, status + STATUS_WORDS);
    }

    bool status_is(const uint32_t *expected, const uint32_t *mask) const {
        for (int word = 0; word < STATUS_WORDS; ++word) {
            const uint32_t differs = model.outputs[1 + BEAT_WORDS + word] ^ expected[word];
            if (differs & (mask ? mask[word] : ~0u)) return false;
        }
        return true;
    }

    Vmodel &model;
    const uint32_t *const header, *items[STREAMS], *beats, *pauses, *status;
    uint32_t sent[STREAMS] = {}, come = 0, random = 1, held_beat[BEAT_WORDS] = {};
    bool offered[STREAMS] = {}, held = false;
};

}  // namespace

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    const Words scenarios = read_words("vectors");
    return for_each_mutant(std::atoi(argv[1]), std::atoi(argv[2]), [&](Vmodel &model) -> long {
        const uint32_t *next = scenarios.data(), *const end = next + scenarios.size();
        for (long cycles = 0; next != end;) {
            Run run(model, next);
            const bool passed = run.passes();
            cycles += run.cycles;
            if (!passed) return cycles;
        }
        return -1;
    });
}
