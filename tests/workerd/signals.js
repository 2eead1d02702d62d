// Signals, taken and given; `GET /NAME` plays what calls.
import { WorkerEntrypoint } from 'cloudflare:workers';

const told = (reason) => String(reason?.message ?? reason);
const aborted = async (signal) => {
  if (!signal.aborted) await new Promise((done) => signal.addEventListener('abort', done));
  return told(signal.reason);
};

const plays = {
  async aborted_later(svc) {
    const controller = new AbortController();
    const answer = svc.untilAborted(controller.signal);
    await scheduler.wait(20);
    controller.abort(new Error('from a Worker'));
    return await answer;
  },
  async aborted_already(svc) { return await svc.untilAborted(AbortSignal.abort('before')); },
  async never(svc) { return await svc.isAborted(new AbortController().signal); },
  async given(svc) { return await aborted(await svc.aborting()); },
  async there_and_back(svc) {
    const controller = new AbortController();
    const back = await svc.echo(controller.signal);
    controller.abort('round');
    return await aborted(back);
  },
};

export default class extends WorkerEntrypoint {
  untilAborted(signal) { return aborted(signal); }
  isAborted(signal) { return signal.aborted; }
  echo(value) { return value; }
  aborting() {
    const controller = new AbortController();
    this.ctx.waitUntil(scheduler.wait(20).then(() => controller.abort(new Error('from a Worker'))));
    return controller.signal;
  }

  async fetch(request) {
    const play = plays[new URL(request.url).pathname.slice(1)];
    try {
      return Response.json({ told: await play(this.env.SVC) });
    } catch (error) {
      return Response.json({ wrong: String(error?.stack) });
    }
  }
}
