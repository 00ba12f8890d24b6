// Lets a coupon be used only with enough items in the basket: {"items": 3}. With the standard library, as any C++.
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <span>
#include <string>
#include <string_view>

extern "C" {
#include "../../c/generated/restriction.h"
}

using Request = exports_coupon_plugin_restriction_api_check_request_t;
using Verdict = exports_coupon_plugin_restriction_api_verdict_t;
using Verdicts = exports_coupon_plugin_restriction_api_list_verdict_t;

static std::string_view view(const restriction_string_t &text) {
  return {reinterpret_cast<const char *>(text.ptr), text.len};
}

// The bindings free what the host has read.
static restriction_string_t given(std::string_view text) {
  restriction_string_t string;
  restriction_string_dup_n(&string, text.data(), text.size());
  return string;
}

// Reads {"items": N}, which the host has checked against the schema in plugin.toml. 0 where it is something else.
static unsigned items_needed(std::string_view config) {
  const auto key = config.find("\"items\"");
  const auto at = key == config.npos ? key : config.find_first_of("0123456789", key);
  unsigned items = 0;
  if (at != config.npos) std::from_chars(config.data() + at, config.data() + config.size(), items);
  return items;
}

extern "C" bool exports_coupon_plugin_restriction_api_check(Request *request, Verdicts *verdicts,
                                                            restriction_string_t *error) {
  const auto needed = items_needed(view(request->config));
  if (needed == 0) {
    *error = given("config.items: expected a whole number of at least 1");
    return false;
  }
  std::uint64_t items = 0;
  if (request->basket.is_some) {
    for (const auto &line : std::span(request->basket.val.lines.ptr, request->basket.val.lines.len)) items += line.quantity;
  }
  const auto refusal = "needs " + std::to_string(needed) + (needed == 1 ? " item" : " items") + " in the basket";
  verdicts->len = request->coupons.len;
  verdicts->ptr = static_cast<Verdict *>(std::calloc(verdicts->len, sizeof(Verdict)));
  for (auto &verdict : std::span(verdicts->ptr, verdicts->len)) {
    verdict.tag = items >= needed ? EXPORTS_COUPON_PLUGIN_RESTRICTION_API_VERDICT_ALLOW
                                  : EXPORTS_COUPON_PLUGIN_RESTRICTION_API_VERDICT_REFUSE;
    if (items < needed) verdict.val.refuse = given(refusal);
  }
  return true;
}
