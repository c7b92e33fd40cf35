// Puts together what the parts of a machine say of who waits for whom (wait_graph.hpp).
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "models/machine/wait_graph.hpp"

namespace userqsim {

class WaitGraphBuilder {
 public:
  WaitGraphBuilder(const WaitGraph::View& machine, WaitGraph& graph);
  void build();

 private:
  using Kind = WaitPoint::Kind;

  WaitGraph::Vertex vertex_of(const WaitPoint& point);
  std::string name_of(const WaitPoint& point) const;
  std::string name_of(ProcessId process) const { return m_.layout.process(process).name; }
  std::string name_of(QueueId queue) const;
  static WaitPoint point(QueueId queue) { return WaitPoint::of(Kind::queue, queue); }

  std::vector<Wait> waits_of(const WaitPoint& point) const;
  std::vector<Wait> waits_of_queue(QueueId queue) const;
  std::vector<Wait> waits_of_context(QueueId queue) const;
  std::vector<Wait> waits_of_job(const WaitPoint& who, JobId job, bool only_clients) const;
  std::vector<Wait> waits_for_one(QueueId who, const std::vector<QueueId>& holders, std::string_view what) const;
  Wait wait_of_mes(const WaitPoint& mes) const;
  void find_ends();
  bool has_end(WaitGraph::Vertex v) const;

  const WaitGraph::View& m_;
  WaitGraph& graph_;
  DriverWaits driver_;
  std::map<WaitPoint, std::vector<Wait>> said_;  // by the parts, of whatever waits there
  std::map<WaitPoint, std::string> names_;       // of those that only their parts can name
  std::vector<WaitPoint> points_;                // of each vertex
  std::set<WaitPoint> moving_;                   // something is queued that they go on by
};

}  // namespace userqsim
