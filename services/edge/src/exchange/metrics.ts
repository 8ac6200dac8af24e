import { meter } from '@sallyport/runtime';

const instruments = meter('@sallyport/edge');

const requests = instruments.counter('sallyport.edge.requests', {
  description:
    'Requests that were answered or given up, by scheme and class of status; `gone`: no response left.',
  unit: '{request}',
});

const duration = instruments.histogram('sallyport.edge.request.duration', {
  description: 'From the request’s head to the end of its response.',
  unit: 's',
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60],
});

const CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx'];

/** `status` is undefined when no response left. */
export function countRequest(scheme: string, status: number | undefined, ms: number): void {
  const outcome =
    status === undefined ? 'gone' : (CLASSES[Math.floor(status / 100) - 1] ?? 'other');
  requests.add(1, { scheme, status: outcome });
  duration.record(ms / 1000, { status: outcome });
}
