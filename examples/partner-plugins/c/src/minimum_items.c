// Lets a coupon be used only with enough items in the basket: {"items": 3}.
#include "../generated/restriction.h"
#include "tiny.h"

typedef exports_coupon_plugin_restriction_api_check_request_t request_t;
typedef exports_coupon_plugin_restriction_api_verdict_t verdict_t;
typedef exports_coupon_plugin_restriction_api_list_verdict_t verdicts_t;

// A text that the bindings take, by value.
static restriction_string_t text(const char *literal) {
  restriction_string_t string;
  restriction_string_set(&string, literal);
  return string;
}

// Reads {"items": N}, which the host has checked against the schema in plugin.toml. 0 where it is something else.
static uint32_t items_needed(restriction_string_t config) {
  const char *at = find((const char *)config.ptr, config.len, "\"items\"");
  const char *end = (const char *)config.ptr + config.len;
  while (at && at < end && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r' || *at == ':')) at++;
  uint64_t items = 0;
  while (at && at < end && *at >= '0' && *at <= '9' && items < UINT32_MAX) items = items * 10 + (uint64_t)(*at++ - '0');
  bool whole = at && at < end && (*at == '}' || *at == ',' || *at == ' ' || *at == '\n' || *at == '\t' || *at == '\r');
  return whole && items <= UINT32_MAX ? (uint32_t)items : 0;
}

static uint64_t items_in(const exports_coupon_plugin_restriction_api_option_basket_t *basket) {
  uint64_t items = 0;
  for (size_t i = 0; basket->is_some && i < basket->val.lines.len; i++) items += basket->val.lines.ptr[i].quantity;
  return items;
}

// The contract's function: one verdict a coupon, in the same order.
bool exports_coupon_plugin_restriction_api_check(request_t *request, verdicts_t *verdicts, restriction_string_t *error) {
  uint32_t needed = items_needed(request->config);
  if (needed == 0) {
    *error = text("config.items: expected a whole number of at least 1");
    return false;
  }
  char refusal[64];
  char *end = append(refusal, "needs ");
  end = append_number(end, needed);
  append(end, needed == 1 ? " item in the basket" : " items in the basket");

  bool enough = items_in(&request->basket) >= needed;
  verdicts->len = request->coupons.len;
  verdicts->ptr = malloc(verdicts->len * sizeof(verdict_t));
  for (size_t i = 0; i < verdicts->len; i++) {
    if (enough) {
      verdicts->ptr[i].tag = EXPORTS_COUPON_PLUGIN_RESTRICTION_API_VERDICT_ALLOW;
    } else {
      verdicts->ptr[i].tag = EXPORTS_COUPON_PLUGIN_RESTRICTION_API_VERDICT_REFUSE;
      restriction_string_dup(&verdicts->ptr[i].val.refuse, refusal);
    }
  }
  return true;
}
