// Temporal's SDK loads failure converters by path and with require(), so this is no TypeScript module.
const { DefaultFailureConverter } = require('@temporalio/common');

/** Messages and stacks of failures become a payload, which the codec then seals. */
exports.failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
