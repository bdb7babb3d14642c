import type { ProfileName } from '../../definitions/limit-profile.ts';
import { atlassian } from './atlassian.ts';
import { discord } from './discord.ts';
import { exactOnline } from './exact-online.ts';
import { github } from './github.ts';
import { google } from './google.ts';
import { hubspot } from './hubspot.ts';
import { ietf } from './ietf.ts';
import { linear } from './linear.ts';
import { openai } from './openai.ts';
import type { LimitProfile } from './profile.ts';
import { salesforce } from './salesforce.ts';
import { shopify } from './shopify.ts';
import { slack } from './slack.ts';
import { stripe } from './stripe.ts';
import { xRateLimit } from './x-ratelimit.ts';
import { xero } from './xero.ts';
import { zendesk } from './zendesk.ts';

export const profiles: Readonly<Record<ProfileName, LimitProfile>> = {
  ietf,
  github,
  stripe,
  shopify,
  hubspot,
  salesforce,
  zendesk,
  slack,
  linear,
  openai,
  google,
  'exact-online': exactOnline,
  xero,
  discord,
  atlassian,
  'x-ratelimit': xRateLimit,
};

/** Those of one vendor: what they read is no guess. */
export const vendors: readonly LimitProfile[] = Object.values(profiles).filter(
  (profile) => profile !== ietf && profile !== xRateLimit,
);
