//! Lets a coupon be used only with enough items in the basket: {"items": 3}. The bindings are those of C.
const std = @import("std");
const c = @cImport(@cInclude("restriction.h"));

const Config = struct { items: u32 };
// The bindings free what the host has read, with C's free.
const allocator = std.heap.raw_c_allocator;

fn needed(config: []const u8) ?u32 {
    const parsed = std.json.parseFromSliceLeaky(Config, allocator, config, .{}) catch return null;
    return if (parsed.items > 0) parsed.items else null;
}

fn give(text: []const u8) c.restriction_string_t {
    const own = allocator.dupe(u8, text) catch @panic("no memory");
    return .{ .ptr = own.ptr, .len = own.len };
}

export fn exports_coupon_plugin_restriction_api_check(
    request: *c.exports_coupon_plugin_restriction_api_check_request_t,
    verdicts: *c.exports_coupon_plugin_restriction_api_list_verdict_t,
    failure: *c.restriction_string_t,
) bool {
    const items = needed(request.config.ptr[0..request.config.len]) orelse {
        failure.* = give("config.items: expected a whole number of at least 1");
        return false;
    };
    var found: u64 = 0;
    if (request.basket.is_some) {
        const lines = request.basket.val.lines;
        if (lines.len > 0) for (lines.ptr[0..lines.len]) |line| {
            found += line.quantity;
        };
    }
    const noun = if (items == 1) "item" else "items";
    const refusal = std.fmt.allocPrint(allocator, "needs {d} {s} in the basket", .{ items, noun }) catch return false;
    // The address of an empty list has to be one in memory too.
    const room = allocator.alloc(c.exports_coupon_plugin_restriction_api_verdict_t, @max(1, request.coupons.len)) catch return false;
    const answer = room[0..request.coupons.len];
    for (answer) |*verdict| {
        verdict.tag = if (found >= items) c.EXPORTS_COUPON_PLUGIN_RESTRICTION_API_VERDICT_ALLOW else c.EXPORTS_COUPON_PLUGIN_RESTRICTION_API_VERDICT_REFUSE;
        if (found < items) verdict.val.refuse = give(refusal);
    }
    verdicts.* = .{ .ptr = answer.ptr, .len = answer.len };
    return true;
}
