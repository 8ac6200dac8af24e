import { CONTENT_TYPE, encodeBatch, eventWriter, type Origin } from '@sallyport/contracts';
import { injectTrace } from '@sallyport/runtime';
import type { Broker } from './broker.ts';
import { jobMessage } from './jobs.ts';
import type { BusOptions, Outgoing } from './ports.ts';
import { checkId, checkSize, HEADER, HEADROOM } from './wire.ts';

export function outgoing(broker: Broker, origin: Origin, bus: BusOptions): Outgoing {
  return {
    event(event, data, { id = bus.ids.next(), about } = {}) {
      const trace = injectTrace();
      const own = { ...origin, epoch: `outbox-${checkId('id', id)}` };
      const text = eventWriter(event, own).write({
        ...{ id, time: bus.clock.now(), seq: 1, data },
        ...(about === undefined ? {} : { subject: about }),
        ...trace,
      });
      const headers = { [HEADER.type]: CONTENT_TYPE, ...trace };
      const message = { id, subject: event.subject, headers, body: encodeBatch([text]) };
      checkSize(broker, event.subject, message, HEADROOM);
      return message;
    },

    job(job, data, { id = bus.ids.next() } = {}) {
      const message = { id, subject: job.subject, ...jobMessage(job, data, id, bus.clock.now()) };
      checkSize(broker, job.subject, message, HEADROOM);
      return message;
    },

    async deliver({ id, subject, headers = {}, body }, signal) {
      signal?.throwIfAborted();
      const message = { headers, body };
      checkSize(broker, subject, message, HEADROOM);
      const { duplicate } = await broker.append(subject, message, { dedupe: id, signal });
      return { duplicate };
    },
  };
}
