"""Lets a coupon be used only with enough items in the basket: {"items": 3}."""

import json

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.restriction_api import CheckRequest, Verdict_Allow, Verdict_Refuse
from wit_world.imports import log


class RestrictionApi(exports.RestrictionApi):
    def check(self, request: CheckRequest):
        """One verdict a coupon, in the same order."""
        items = json.loads(request.config)["items"]
        if not isinstance(items, int) or items < 1:
            raise Err("config.items: expected a whole number of at least 1")
        found = sum(line.quantity for line in request.basket.lines) if request.basket else 0
        log.write(log.Level.DEBUG, f"{found} of {items} items")
        if found >= items:
            return [Verdict_Allow() for _ in request.coupons]
        refusal = f"needs {items} {'item' if items == 1 else 'items'} in the basket"
        return [Verdict_Refuse(refusal) for _ in request.coupons]
