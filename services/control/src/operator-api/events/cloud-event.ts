import type { Envelope } from '@sallyport/contracts';

/** An event in the form it has on the wire (CloudEvents JSON): `seq` is text there. */
export function cloudEvent(event: Envelope): Record<string, unknown> {
  const { id, source, type, subject, time, instance, epoch, seq, data } = event;
  const { traceparent, tracestate, extensions } = event;
  return {
    ...{ specversion: '1.0', id, source, type },
    ...(subject === undefined ? {} : { subject }),
    ...{ time, datacontenttype: 'application/json', instance, epoch, seq: String(seq) },
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(tracestate === undefined ? {} : { tracestate }),
    ...{ ...extensions, data },
  };
}
