// The page in happy-dom instead of a browser: what a person types, presses and sees, and a network to be unplugged.
import { Window } from "happy-dom";
import WebSocket from "ws";
import html from "../index.html?raw";
import type { Surroundings } from "../src/gateway";
import type { Item } from "../src/live";
import { open } from "../src/page";

/** Nobody listens there. */
const NOWHERE = "ws://127.0.0.1:9/graphql";

export class Tab {
  /** Every item that came, in order. */
  readonly items: Item[] = [];
  #state = "";
  #unplugged = false;
  #losing = false;
  readonly #document;
  readonly #page;

  constructor(gateway: string, key: string, pool: string, origin: string) {
    const window = new Window({ url: `${origin}/` });
    window.document.write(html);
    this.#document = window.document as unknown as Document;
    const watch = { state: (state: string) => (this.#state = state), item: (item: Item) => this.items.push(item) };
    this.#page = open(this.#document, this.#surroundings(origin), watch);
    this.type("gateway", gateway);
    this.type("key", key);
    this.type("pool", pool);
    this.submit("follow");
  }

  /** With what a browser sends by itself of a page of this origin. */
  #surroundings(origin: string): Surroundings {
    const sent = { origin, "sec-fetch-site": "cross-site" };
    const unplugged = () => this.#unplugged;
    return {
      fetch: async (url, init) => {
        if (unplugged()) throw new TypeError("unplugged");
        const headers = { ...(init?.headers as Record<string, string>), ...sent };
        const answer = await fetch(url, { ...init, headers });
        if (!this.#losing) return answer;
        this.#losing = false;
        throw new TypeError("the answer was lost");
      },
      WebSocket: class extends WebSocket {
        constructor(url: string, protocols: string) {
          super(unplugged() ? NOWHERE : url, protocols, { headers: sent });
        }
      },
    };
  }

  /** While it is unplugged, nothing can be opened anew. */
  unplug(unplugged: boolean) {
    this.#unplugged = unplugged;
  }

  /** The next answer is lost on its way. */
  loseAnswer() {
    this.#losing = true;
  }

  isLive = () => this.#state === "live";
  isAway = () => this.#state === "away";
  close = () => this.#page.close();

  type(name: string, text: string) {
    this.#document.querySelector<HTMLInputElement>(`[name=${name}], #${name}`)!.value = text;
  }

  submit(form: string) {
    this.#document.querySelector<HTMLFormElement>(`form#${form}`)!.requestSubmit();
  }

  /** Presses the button of the first row that shows this. */
  press(text: string) {
    this.#rows().find((row) => row.textContent!.includes(text))!.querySelector("button")!.click();
  }

  has = (selector: string) => this.#document.querySelector(selector) !== null;
  problem = () => this.#document.querySelector("#problem")!.textContent!;

  /** What is shown: a line a row. */
  rows = () => this.#rows().map((row) => [...row.children].slice(0, 5).map((cell) => cell.textContent).join(" | "));

  #rows = () => [...this.#document.querySelectorAll("#coupons tr")];
}
