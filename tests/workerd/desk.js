// A Worker that calls what `bowline serve` serves, and answers with what came, as JSON.
const SITUATIONS = {
  sum: (env) => env.DESK.add(1, 2),
  counter: async (env) => {
    using counter = await env.DESK.newCounter(10);
    return [await counter.increment(), await counter.increment(5), await counter.value];
  },
  pipelined: (env) => env.DESK.newCounter(1).increment(2),
  values: async (env) => {
    const value = { map: new Map([[1, [new Date(7), /x/g]]]), bytes: new Uint8Array([1, 2]), big: 5n };
    const back = await env.DESK.echo(value);
    return [back.map.get(1)[0].getTime(), String(back.map.get(1)[1]), [...back.bytes], String(back.big)];
  },
  rights: async (env) => {
    const made = await env.ADMIN.createUser('ann');
    const refused = await env.DESK.createUser('bob').catch((error) => error.message);
    return [made, await env.DESK.users(), refused];
  },
  requests: async (env) => {
    const users = await env.DESK.fetch('https://desk/users');
    const echo = await env.DESK.fetch('https://desk/echo', { method: 'POST', body: 'knot' });
    const nowhere = await env.DESK.fetch('https://desk/nowhere');
    return [users.status, await echo.text(), nowhere.status];
  },
};

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    try {
      return Response.json({ told: await SITUATIONS[pathname.slice(1)](env) });
    } catch (error) {
      return Response.json({ wrong: String(error) });
    }
  },
};
