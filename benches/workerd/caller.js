// Who calls: `GET /ROW?of=ONE|OTHER&n=N` does a row's work N times against that binding.
const record = { id: 7, name: 'somebody or other', tags: ['one', 'two'], at: 1.5, ok: true, next: null };
const bytes = new Uint8Array(1 << 20).fill(7);

const ROWS = {
  number: (svc) => svc.add(1, 2),
  record: (svc) => svc.echo(record),
  bytes: (svc) => svc.echo(bytes),
  pipelined: (svc) => svc.account(5).branch(30).deposit(3),
  many: (svc) => Promise.all(Array.from({ length: 64 }, (_, i) => svc.add(i, 2))),
};

export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    const work = ROWS[pathname.slice(1)];
    const svc = env[searchParams.get('of')];
    for (let left = Number(searchParams.get('n')); left > 0; left--) await work(svc);
    return new Response('done');
  },
};
