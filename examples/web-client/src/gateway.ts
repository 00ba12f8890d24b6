// The way to a gateway: queries and mutations by HTTP, subscriptions by a socket, one cache. It gets through a restart
// of the gateway by itself: what got no answer is sent again, and what was followed goes on after the last event.
import { Client, fetchExchange, subscriptionExchange } from "@urql/core";
import { retryExchange } from "@urql/exchange-retry";
import { createClient } from "graphql-ws";
import { cache } from "./cache";
import type { FollowSubscription } from "./gql/graphql";

/** What a browser has; the headless run brings its own. */
export type Surroundings = { fetch?: typeof fetch; WebSocket?: unknown };
export type State = "connecting" | "live" | "away";

/** The longest wait between two attempts, in milliseconds. */
const LONGEST_WAIT = 5_000;
/** The code of a socket that was closed because of its key or origin. */
const FORBIDDEN = 4403;

export class Gateway {
  readonly client: Client;
  readonly #socket;
  #closed = false;

  constructor(address: string, key: string, told: (state: State) => void, { fetch, WebSocket }: Surroundings = {}) {
    let state: State = "connecting";
    const on = (now: State) => told((state = now));
    const url = new URL("/graphql", address).href;
    const authorization = `Bearer ${key}`;
    let deadline: ReturnType<typeof setTimeout>;
    const socket = createClient({
      url: url.replace(/^http/, "ws"),
      webSocketImpl: WebSocket,
      connectionParams: { authorization },
      retryAttempts: Infinity,
      shouldRetry: (closed) => (closed as CloseEvent).code !== FORBIDDEN,
      retryWait: (retries) => pause(Math.min(LONGEST_WAIT, 100 * 2 ** retries) * (0.5 + Math.random() / 2)),
      keepAlive: 10_000,
      on: {
        connecting: (again) => on(again ? "away" : "connecting"),
        connected: () => on("live"),
        closed: () => on("away"),
        // A line that is dead without a word, such as after a laptop's sleep.
        ping: (received) => { if (!received) deadline = setTimeout(() => socket.terminate(), 5_000); },
        pong: (received) => { if (received) clearTimeout(deadline); },
      },
    });
    this.#socket = socket;
    this.client = new Client({
      url,
      fetch,
      preferGetMethod: false,
      fetchOptions: { headers: { authorization } },
      exchanges: [
        cache(),
        // Mutations too: their idempotency key makes a second attempt the same act.
        retryExchange({
          maxNumberAttempts: Infinity,
          initialDelayMs: 200,
          maxDelayMs: LONGEST_WAIT,
          retryIf: ({ networkError, response }) => {
            const again = !this.#closed && Boolean(networkError) && (response?.status ?? 503) >= 500;
            if (again && state !== "live") on("away");
            return again;
          },
        }),
        fetchExchange,
        subscriptionExchange({
          forwardSubscription: ({ query = "", variables }) => ({
            subscribe(sink) {
              // Sent again, as it is by then, whenever the socket was opened anew.
              const resumed = { ...variables };
              const unsubscribe = socket.subscribe<FollowSubscription>({ query, variables: resumed }, {
                ...sink,
                next(result) {
                  sink.next(result as Parameters<typeof sink.next>[0]);
                  const event = result.data?.couponEvents;
                  if (event?.__typename === "CouponEvent") resumed.after = event.cursor;
                },
              });
              return { unsubscribe };
            },
          }),
        }),
      ],
    });
  }

  /** Lets go of all that is under way. */
  async close() {
    this.#closed = true;
    await this.#socket.dispose();
  }
}

export const pause = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));
