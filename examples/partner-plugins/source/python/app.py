"""Gets the codes of a pool from a partner's web service."""

import json

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.source_api import CodeRequest, Error_Misconfigured, Error_Refused, Error_Unavailable, Issued
from wit_world.imports import http


class SourceApi(exports.SourceApi):
    def issue(self, request: CodeRequest) -> Issued:
        """A code for this customer."""
        question = {"campaign": json.loads(request.config)["campaign"], "customer": request.customer.id}
        headers = [
            # The host fills the secret in on the way out: a plugin never holds one.
            ("authorization", "Bearer {{secret.token}}"),
            # The same for the same claim: the partner has to give the same code again.
            ("idempotency-key", request.idempotency_key),
            ("content-type", "application/json"),
        ]
        body = json.dumps(question).encode()
        try:
            answer = http.send(http.Request("POST", "https://api.partner.example/codes", headers, body))
        except Err as error:
            if isinstance(error.value, (http.Error_TimedOut, http.Error_Unreachable)):
                raise Err(Error_Unavailable(f"no answer: {error.value}"))
            raise Err(Error_Misconfigured(str(error.value)))
        if 200 <= answer.status < 300:
            return Issued(json.loads(answer.body)["code"], None)
        raise Err(failure(answer.status))


def failure(status: int):
    """What a status means for the claim."""
    text = f"the partner answered {status}"
    if status in (408, 425, 429) or status >= 500:
        return Error_Unavailable(text)
    if status < 400 or status in (401, 403, 404, 405):
        return Error_Misconfigured(text)
    return Error_Refused("no code is given to this customer")
