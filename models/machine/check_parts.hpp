// The parts of check(): each looks at one section of a spec and adds what it finds.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "models/machine/spec.hpp"

namespace userqsim {

// A place in the scenario, as a JSON pointer. Keys are field names, which need no escaping.
struct Pointer {
  std::string text;
  Pointer operator/(std::string_view key) const { return {text + "/" + std::string(key)}; }
  Pointer operator/(std::size_t index) const { return {text + "/" + std::to_string(index)}; }
};

class Findings {
 public:
  void add(const Pointer& at, std::string message) { problems_.push_back({at.text, std::move(message)}); }
  std::vector<SpecProblem> take() && { return std::move(problems_); }
  std::size_t count() const { return problems_.size(); }

 private:
  std::vector<SpecProblem> problems_;
};

void check_profiles(const MachineSpec& spec, Findings& found);
void check_processes(const MachineSpec& spec, Findings& found);
void check_events(const MachineSpec& spec, Findings& found);
void check_faults(const MachineSpec& spec, Findings& found);

// One process's stream of jobs on its queue `queue`.
void check_stream(const MachineSpec& spec, const ProcessSpec& process, const QueueSpec& queue, const Pointer& at,
                  Findings& found);

// Shared by them.
// False, and a problem, when the distribution cannot be sampled from.
bool check_distribution(const Distribution& distribution, const Pointer& at, Findings& found);
// A name must be there, on one line, and different from those in `taken`, to which it is added.
void check_name(const std::string& name, std::string_view scope, std::set<std::string>& taken, const Pointer& at,
                Findings& found);
// `owner` names the process that makes it.
void check_buffer(const BufferSpec& buffer, const std::string& owner, const MachineSpec& spec, const Pointer& at,
                  Findings& found);
// "no queue "comp1" in process "game"; did you mean "comp0"? there are: gfx0, comp0".
std::string no_such(std::string_view noun, std::string_view name, std::string_view where,
                    const std::vector<std::string>& there_are);

}  // namespace userqsim
