// A gateway of our own on a data folder, to be stopped, killed and started anew on the same port.
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

export class Server {
  readonly key = `scrip_web_${crypto.randomUUID()}`;
  /** http://ADDRESS, the same for good. */
  url = "";
  #process: ChildProcess | undefined;

  constructor(readonly binary: string, readonly folder: string, readonly origin: string) {
    process.once("exit", () => this.#process?.kill("SIGKILL"));
    for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
  }

  /** Starts it; it listens when this resolves. */
  start(): Promise<void> {
    const listen = this.url.replace("http://", "") || "127.0.0.1:0";
    const database = `surrealkv://${this.folder}`;
    const flags = ["--listen", listen, "--database", database, "--origins", this.origin, "--log", "scrip=warn"];
    const env = { ...process.env, SCRIP_ADMIN_KEY: this.key };
    const child = spawn(this.binary, ["serve", ...flags], { env, stdio: ["ignore", "inherit", "pipe"] });
    this.#process = child;
    return new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code) => reject(new Error(`the gateway ended with ${code}`)));
      createInterface({ input: child.stderr! }).on("line", (line) => {
        const url = /^Scrip listens on (http:\S+)/.exec(line)?.[1];
        if (!url) return console.error(line);
        this.url = url;
        resolve();
      });
    });
  }

  /** Ends it, as a service manager (SIGTERM) or a power cut (SIGKILL) does. */
  stop(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const child = this.#process!;
    this.#process = undefined;
    return new Promise((resolve, reject) => {
      child.once("exit", (code) => {
        if (signal === "SIGTERM" && code !== 0) reject(new Error(`the gateway stopped with ${code}`));
        else resolve();
      });
      child.kill(signal);
    });
  }
}
