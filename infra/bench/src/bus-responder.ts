import { connect } from '@nats-io/transport-node';
import { openNatsBus } from '@sallyport/bus/nats';
import { randomIds, systemClock } from '@sallyport/runtime';
import { ANSWER, benchRpc, PEER_SUBJECT } from './bus-messages.ts';

// The other side of the benchmark, in a process of its own so that its work isn't counted. Usage: bus-responder.ts <url>
const servers = process.argv[2] as string;
const bus = await openNatsBus({
  ...{ servers, service: 'bench-responder', source: '/bench', instance: 'responder' },
  ...{ clock: systemClock, ids: randomIds(systemClock) },
});
await bus.rpc.respond(benchRpc, { concurrency: 1000 }, () => ANSWER);
const peer = await connect({ servers });
const answer = new TextEncoder().encode(JSON.stringify(ANSWER));
peer.subscribe(PEER_SUBJECT, { callback: (_error, message) => void message.respond(answer) });
await peer.flush();
process.stdout.write('ready\n');
