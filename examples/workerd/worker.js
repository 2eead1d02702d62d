// Counters for Rust, and a visit to the counters of Rust.
import { RpcTarget, WorkerEntrypoint } from 'cloudflare:workers';

class Counter extends RpcTarget {
  #value;

  constructor(start) {
    super();
    this.#value = start;
  }

  increment(by) {
    return (this.#value += by);
  }

  get value() {
    return this.#value;
  }
}

export default class extends WorkerEntrypoint {
  newCounter(start) {
    return new Counter(start);
  }

  fetch(request) {
    return new Response(`Ahoy from JavaScript, ${new URL(request.url).pathname}!`);
  }

  // Rust calls this, and is called itself: its service is a binding, as any other. `log` is a function of Rust.
  async visitRust(log) {
    using counter = await this.env.RUST.newCounter(10);
    await log(`its counter is at ${await counter.value}`);
    await log(`and by 5 more at ${await counter.increment(5)}`);
    const response = await this.env.RUST.fetch('http://rust/from/js');
    await log(await response.text());
    return this.env.RUST.newCounter(1).increment(2); // one round trip
  }
}
