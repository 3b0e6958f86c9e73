import { alertmanagerSink } from './alertmanager.ts';
import { fileSink } from './file.ts';
import { influxSink } from './influx.ts';
import { pagerdutySink } from './pagerduty.ts';
import { slackSink } from './slack.ts';
import { webhookSink } from './webhook.ts';

/** Every kind of sink. A new one is a file in this folder and a line here. */
export const SINKS = {
  alertmanager: alertmanagerSink,
  file: fileSink,
  influx: influxSink,
  pagerduty: pagerdutySink,
  slack: slackSink,
  webhook: webhookSink,
} as const;
