// The service that is measured, as a Worker. benches/workerd.rs has the same in Rust.
import { WorkerEntrypoint, RpcTarget } from 'cloudflare:workers';

class Account extends RpcTarget {
  #balance;
  constructor(balance) {
    super();
    this.#balance = balance;
  }
  deposit(amount) { return (this.#balance += amount); }
  branch(balance) { return new Account(balance); }
}

export default class Callee extends WorkerEntrypoint {
  add(a, b) { return a + b; }
  echo(value) { return value; }
  account(balance) { return new Account(balance); }
}
