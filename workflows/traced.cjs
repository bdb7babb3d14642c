// Temporal's SDK has these interceptors in every bundle. They are loaded only where the worker says so (workers/workflow-source.ts), since
// OpenTelemetry changes globals of the sandbox as it is loaded: that takes require(), so this is no TypeScript module.
exports.interceptors = () =>
  '__synclineTraces' in globalThis
    ? require('@temporalio/interceptors-opentelemetry/lib/workflow-interceptors').interceptors()
    : {};
