// See Shadow.h.
#include "sim/Shadow.h"

#include <algorithm>
#include <iterator>

using namespace rnn::sim;

// More pages than this are not kept from launch to launch.
static constexpr size_t mostUnused = 4096;

Shadow::Page &Shadow::page(uint64_t number) {
  std::unique_ptr<Page> &page = pages[number];
  if (page)
    return *page;
  if (unused.empty()) {
    page = std::make_unique<Page>();
  } else {
    page = std::move(unused.back());
    unused.pop_back();
    *page = Page();
  }
  return *page;
}

void Shadow::clear() {
  for (auto &[number, page] : pages)
    if (unused.size() < mostUnused)
      unused.push_back(std::move(page));
  pages.clear();
  std::fill(std::begin(recent), std::end(recent), Recent());
}
