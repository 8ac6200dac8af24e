/** Starts telemetry with the configuration in argv and prints which modules of the SDK that loaded. */
import { registerHooks } from 'node:module';

const loaded: string[] = [];
registerHooks({
  load(url, context, next) {
    if (/@opentelemetry\/(?!api\/)|prometheus|otlp/.test(url)) loaded.push(url);
    return next(url, context);
  },
});
const { loadConfig } = await import('@sallyport/runtime');
const { startTelemetry, telemetryConfig } = await import('@sallyport/telemetry');
const files = [{ name: 'argv', text: process.argv[2] ?? '' }];
const { values } = await loadConfig({ sections: [telemetryConfig], files });
const telemetry = await startTelemetry(values.telemetry, { service: 'quiet', instance: 'i' });
await telemetry[Symbol.asyncDispose]();
console.log(JSON.stringify({ loaded: loaded.length, metrics: telemetry.metrics !== undefined }));
