#include "scenarios/load/kernel_fields.hpp"

#include <algorithm>

#include "scenarios/load/writer.hpp"

namespace userqsim {
namespace {

void add(KernelFields& fields, const std::string& prefix, const Json& object) {
  for (const auto& [key, value] : object.items()) {
    if (value.is_object()) {
      add(fields, prefix + key + ".", value);
    } else {
      fields.emplace_back(prefix + key, value.is_string() ? value.get<std::string>() : value.dump());
    }
  }
}

}  // namespace

KernelFields kernel_fields(const KernelSpec& kernel) {
  KernelSpec copy = kernel;  // a field list is over a mutable spec
  Json object = json_of_value(copy);
  for (const char* about : {"name", "title", "source"}) object.erase(about);
  KernelFields fields;
  add(fields, "", object);
  return fields;
}

std::vector<std::vector<std::string>> differing_fields(const std::vector<KernelFields>& kernels) {
  std::vector<std::vector<std::string>> rows;  // a name, and a value for each kernel
  for (std::size_t k = 0; k < kernels.size(); ++k) {
    for (const auto& field : kernels[k]) {
      const auto named = [&](const std::vector<std::string>& cells) { return cells.front() == field.first; };
      auto row = std::find_if(rows.begin(), rows.end(), named);
      if (row == rows.end()) {
        rows.emplace_back(kernels.size() + 1);
        row = rows.end() - 1;
        row->front() = field.first;
      }
      row->at(k + 1) = field.second;
    }
  }
  std::erase_if(rows, [](const auto& cells) {
    return std::all_of(cells.begin() + 1, cells.end(), [&](const auto& cell) { return cell == cells.at(1); });
  });
  return rows;
}

}  // namespace userqsim
