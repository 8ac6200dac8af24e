import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { metrics } from '@opentelemetry/api';

/** CPU, memory and event loop of this process, named as OpenTelemetry's semantic conventions name them. */
export function measureProcess(): Disposable {
  const meter = metrics.getMeter('@sallyport/telemetry');
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();

  meter
    .createObservableCounter('process.cpu.time', { unit: 's', description: 'CPU time used' })
    .addCallback((result) => {
      const { user, system } = process.cpuUsage();
      result.observe(user / 1e6, { 'cpu.mode': 'user' });
      result.observe(system / 1e6, { 'cpu.mode': 'system' });
    });
  meter
    .createObservableUpDownCounter('process.memory.usage', {
      unit: 'By',
      description: 'Physical memory in use',
    })
    .addCallback((result) => result.observe(process.memoryUsage.rss()));
  meter
    .createObservableGauge('nodejs.eventloop.delay.p99', {
      unit: 's',
      description: '99th percentile of how late timers are, since the last collection',
    })
    .addCallback((result) => {
      result.observe(delay.percentile(99) / 1e9);
      delay.reset();
    });
  meter
    .createObservableGauge('nodejs.eventloop.utilization', {
      unit: '1',
      description: 'Share of the time in which the event loop was busy, since the start',
    })
    .addCallback((result) => result.observe(performance.eventLoopUtilization().utilization));

  return { [Symbol.dispose]: () => delay.disable() };
}
