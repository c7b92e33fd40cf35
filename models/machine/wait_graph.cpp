#include "models/machine/wait_graph.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "models/machine/parts.hpp"
#include "models/machine/wait_graph_builder.hpp"

namespace userqsim {

std::vector<ThreadWait> waiters_of(const Memory& memory, const Driver& driver, const Layout& layout) {
  std::vector<ThreadWait> waits = driver.waits();
  for (const Memory::RequestWait& r : memory.requesters()) {
    if (r.opens) continue;  // its process waits in its opening
    waits.push_back({ThreadId::none(),
                     fmt::format("request {} of {}", r.request.value, layout.process(r.process).name),
                     "memory",
                     WaitPoint::of(WaitPoint::Kind::request, r.request),
                     {}});
  }
  return waits;
}

WaitGraph::WaitGraph(const View& machine) { WaitGraphBuilder(machine, *this).build(); }

bool WaitGraph::anyone_waits_for_ever() const {
  return std::any_of(waiters_.begin(), waiters_.end(), [&](Vertex v) { return for_ever_[v]; });
}

std::string WaitGraph::sentence(const Wait& wait) const {
  return names_[vertices_.at(wait.who)] + " " + wait.words;
}

std::string WaitGraph::tell_from(Vertex start, const std::vector<bool>& among, Told& told) const {
  std::string text;
  std::vector<Vertex> next{start};
  while (!next.empty()) {
    const Vertex v = next.back();
    next.pop_back();
    if (told.vertices[v]) continue;
    told.vertices[v] = true;
    for (const Wait& wait : waits_[v]) {
      const bool leads_on = wait.on.has_value();
      if (leads_on && !among[vertices_.at(*wait.on)]) continue;
      if (leads_on) next.push_back(vertices_.at(*wait.on));
      if (!told.sentences.insert(sentence(wait)).second) continue;
      text += (text.empty() ? "" : "; ") + sentence(wait);
    }
  }
  return text;
}

std::vector<std::string> WaitGraph::tell(const std::vector<Vertex>& who, const std::vector<bool>& among) const {
  Digraph knots(names_.size());
  std::vector<bool> is_led_to(names_.size(), false);
  for (Vertex v = 0; v < names_.size(); ++v) {
    for (const Wait& wait : waits_[v]) {
      if (!wait.on || !among[v] || !among[vertices_.at(*wait.on)]) continue;
      is_led_to[vertices_.at(*wait.on)] = true;
      if (for_ever_[v]) knots.add_edge(v, vertices_.at(*wait.on));
    }
  }
  std::vector<std::string> stories;
  Told told{std::vector<bool>(names_.size(), false)};
  for (const std::vector<Vertex>& cycle : knots.find_cycles()) {
    std::string story;
    for (std::size_t i = 0; i < cycle.size(); ++i) {
      const Vertex next = cycle[(i + 1) % cycle.size()];
      const auto leads_there = [&](const Wait& wait) { return wait.on && vertices_.at(*wait.on) == next; };
      const std::vector<Wait>& waits = waits_[cycle[i]];
      story += (i == 0 ? "" : "; ") + sentence(*std::find_if(waits.begin(), waits.end(), leads_there));
    }
    for (const Vertex v : cycle) told.vertices[v] = true;
    stories.push_back(story + ": a deadlock");
  }
  // Those for whom nobody waits first: what they wait for is told with them.
  for (const bool led_to : {false, true}) {
    for (const Vertex v : who) {
      if (told.vertices[v] || is_led_to[v] != led_to) continue;
      std::string story = tell_from(v, among, told);
      if (!story.empty()) stories.push_back(std::move(story));
    }
  }
  return stories;
}

std::vector<std::string> WaitGraph::stories() const {
  std::vector<Vertex> who;
  for (const Vertex v : waiters_) {
    if (for_ever_[v]) who.push_back(v);
  }
  return who.empty() ? std::vector<std::string>{} : tell(who, for_ever_);
}

std::vector<std::string> WaitGraph::all_stories() const {
  return tell(waiters_, std::vector<bool>(names_.size(), true));
}

std::string WaitGraph::story_of_restart(ProcessId process) const {
  return story_of(WaitPoint::of(WaitPoint::Kind::restart, process));
}

std::string WaitGraph::story_of(QueueId queue) const {
  return story_of(WaitPoint::of(WaitPoint::Kind::queue, queue));
}

std::string WaitGraph::story_of(const WaitPoint& point) const {
  const auto vertex = vertices_.find(point);
  if (vertex == vertices_.end()) return {};
  Told told{std::vector<bool>(names_.size(), false)};
  return tell_from(vertex->second, std::vector<bool>(names_.size(), true), told);
}

LabelledGraph WaitGraph::drawing() const {
  LabelledGraph drawing{"waits", Digraph(names_.size()), names_};
  for (Vertex v = 0; v < names_.size(); ++v) {
    for (const Wait& wait : waits_[v]) {
      if (wait.on) {
        drawing.graph.add_edge(v, vertices_.at(*wait.on), wait.words);
      } else {
        drawing.labels[v] += "\n" + wait.words;
      }
    }
  }
  return drawing;
}

}  // namespace userqsim
