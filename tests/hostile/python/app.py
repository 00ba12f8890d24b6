"""Means no good, in each way that the configuration names."""

import json

from wit_world import exports
from wit_world.exports.restriction_api import Verdict_Allow, Verdict_Refuse


def deeper(n):
    return 1 + deeper(n + 1)


class RestrictionApi(exports.RestrictionApi):
    def check(self, request):
        match json.loads(request.config).get("do"):
            case "loop":
                while True:
                    pass
            case "memory":
                hoard = []
                while True:
                    hoard.append(bytearray(100_000))
            case "stack":
                deeper(0)
            case "output":
                return [Verdict_Refuse("x" * 1_500_000) for _ in request.coupons]
            case "panic":
                raise ValueError("a fault of its own")
            case "nonsense":
                return []
            case "print":
                for _ in range(20_000):
                    print("a line")
        return [Verdict_Allow() for _ in request.coupons]
