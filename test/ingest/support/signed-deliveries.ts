import { createHmac } from 'node:crypto';
import { sign as signAsGitHub } from '@octokit/webhooks-methods';
import { Webhook } from 'standardwebhooks';
import { Stripe } from 'stripe';
import { Webhook as SvixWebhook } from 'svix';
import type { Preset } from '../../../ingest/webhooks/preset.ts';
import { presets } from '../../../ingest/webhooks/presets.ts';
import type { Delivery, DeliveryHeaders } from '../../../ingest/webhooks/verify.ts';

export const nowMs = Date.parse('2026-11-30T10:00:00Z');
export const nowSecs = nowMs / 1000;
export const MINUTES = 60_000;
export const text = '{"id":"evt_1","type":"invoice.paid","amount": 12.50,"name":"Zoë €"}';
export const url = 'https://hooks.example.com/hooks/acme/events';
export const whsec = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

export const delivered = (headers: DeliveryHeaders, secret: string, more: Partial<Delivery> = {}): Delivery => ({
  secrets: [{ value: secret }],
  toleranceMs: 5 * MINUTES,
  headers,
  body: Buffer.from(text),
  method: 'POST',
  url,
  nowMs,
  ...more,
});

export interface Sender {
  readonly preset: Preset;
  readonly secret: string;
  /** Made by the sender's own package where there is one. */
  readonly headers: (payload: string, atMs: number, secret: string) => Promise<Record<string, string>>;
  readonly otherSecret: string;
}

export const standardHeaders = (payload: string, atMs: number, secret: string) => ({
  'webhook-id': 'msg_1',
  'webhook-timestamp': String(atMs / 1000),
  'webhook-signature': new Webhook(secret).sign('msg_1', new Date(atMs), payload),
});
export const hmac = (secret: string, content: string) => createHmac('sha256', secret).update(content).digest('base64');
export const otherWhsec = `whsec_${Buffer.alloc(32, 8).toString('base64')}`;

export const senders: Readonly<Record<string, Sender>> = {
  'standardwebhooks (npm)': {
    preset: presets.standard,
    secret: whsec,
    otherSecret: otherWhsec,
    headers: async (payload, atMs, secret) => standardHeaders(payload, atMs, secret),
  },
  'svix (npm)': {
    preset: presets.svix,
    secret: whsec,
    otherSecret: otherWhsec,
    headers: async (payload, atMs, secret) => ({
      'svix-id': 'msg_1',
      'svix-timestamp': String(atMs / 1000),
      'svix-signature': new SvixWebhook(secret).sign('msg_1', new Date(atMs), payload),
    }),
  },
  'stripe (npm)': {
    preset: presets.stripe,
    secret: 'whsec_test_secret',
    otherSecret: 'whsec_other',
    headers: async (payload, atMs, secret) => ({
      'stripe-signature': Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp: atMs / 1000 }),
    }),
  },
  '@octokit/webhooks-methods (npm)': {
    preset: presets.github,
    secret: "It's a Secret",
    otherSecret: 'another',
    headers: async (payload, _atMs, secret) => ({
      'x-hub-signature-256': await signAsGitHub(secret, payload),
      'x-github-delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958',
    }),
  },
  Shopify: {
    preset: presets.shopify,
    secret: 'hush',
    otherSecret: 'other',
    headers: async (payload, _atMs, secret) => ({ 'x-shopify-hmac-sha256': hmac(secret, payload) }),
  },
  Slack: {
    preset: presets.slack,
    secret: '8f742231b10e8888abcd99yyyzzz85a5',
    otherSecret: 'other',
    headers: async (payload, atMs, secret) => ({
      'x-slack-request-timestamp': String(atMs / 1000),
      'x-slack-signature': `v0=${Buffer.from(hmac(secret, `v0:${atMs / 1000}:${payload}`), 'base64').toString('hex')}`,
    }),
  },
  HubSpot: {
    preset: presets.hubspot,
    secret: 'client-secret',
    otherSecret: 'other',
    headers: async (payload, atMs, secret) => ({
      'x-hubspot-request-timestamp': String(atMs),
      'x-hubspot-signature-v3': hmac(secret, `POST${url}${payload}${atMs}`),
    }),
  },
  Zendesk: {
    preset: presets.zendesk,
    secret: 'zd',
    otherSecret: 'other',
    headers: async (payload, atMs, secret) => {
      const at = new Date(atMs).toISOString().replace('.000', '');
      return {
        'x-zendesk-webhook-signature-timestamp': at,
        'x-zendesk-webhook-signature': hmac(secret, at + payload),
      };
    },
  },
  Xero: {
    preset: presets.xero,
    secret: 'a2V5',
    otherSecret: 'other',
    headers: async (payload, _atMs, secret) => ({ 'x-xero-signature': hmac(secret, payload) }),
  },
};
