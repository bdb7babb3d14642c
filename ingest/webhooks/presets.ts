import type { PresetName, Webhook, WebhookSignature } from '../../definitions/webhooks.ts';
import type { Preset } from './preset.ts';
import { github } from './presets/github.ts';
import { hubspot } from './presets/hubspot.ts';
import { shopify } from './presets/shopify.ts';
import { slack } from './presets/slack.ts';
import { standard } from './presets/standard.ts';
import { stripe } from './presets/stripe.ts';
import { svix } from './presets/svix.ts';
import { xero } from './presets/xero.ts';
import { zendesk } from './presets/zendesk.ts';

export const presets: Readonly<Record<PresetName, Preset>> = {
  standard,
  svix,
  stripe,
  github,
  shopify,
  slack,
  hubspot,
  zendesk,
  xero,
};

/** How the deliveries of a webhook are signed: its preset with what the webhook says otherwise, or its own `signature`. */
export function presetOf({ preset, signature, id, type, each }: Webhook): Preset {
  const base = preset === undefined ? fromSignature(signature as WebhookSignature, id) : presets[preset];
  return {
    ...base,
    ...(id === undefined ? {} : { id }),
    ...(type === undefined ? {} : { type }),
    ...(each === undefined ? {} : { each }),
  };
}

function fromSignature({ header, prefix, timestamp, ...same }: WebhookSignature, id: Webhook['id']): Preset {
  return {
    ...same,
    page: 'docs/webhooks.md',
    headers: [
      {
        signature: header.toLowerCase(),
        ...(timestamp === undefined ? {} : { timestamp: timestamp.header.toLowerCase() }),
        ...(id !== undefined && 'header' in id ? { id: id.header.toLowerCase() } : {}),
      },
    ],
    written: { as: 'plain', prefix },
    ...(timestamp === undefined ? {} : { timestamp: timestamp.format }),
  };
}
