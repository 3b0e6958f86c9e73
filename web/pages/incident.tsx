import { useEffect, useState } from 'preact/hooks';
import type { Distribution, ServiceFacts } from '../../src/console/source.ts';
import type { Alert, Incident, IncidentAlarm, Retrain } from '../../src/records.ts';
import { get } from '../model/api.ts';
import { ask, silenceAsk } from '../model/commands.ts';
import { about, moment, plural, span, words } from '../model/format.ts';
import { hrefOf } from '../model/router.ts';
import { readProfiles, readService } from '../model/service.ts';
import { mayCommand } from '../model/session.ts';
import { alerts, incidents, requests, services } from '../model/store.ts';
import { LEVEL_TONES } from '../model/words.ts';
import { seriesHref } from '../parts/alarm-list.tsx';
import { Badge } from '../parts/badge.tsx';
import { Evidence } from '../parts/evidence.tsx';
import { Histogram } from '../parts/histogram.tsx';
import { Empty, Facts, Page, Section } from '../parts/page.tsx';
import { DataRange, RetrainItem } from '../parts/retrain-list.tsx';

const INPUTS_SHOWN = 6;

/** The records of an incident, newest first; read anew when it changes. */
function useIncident(incidentId: string): { records: Incident[] | null; fault: string } {
  const [records, setRecords] = useState<Incident[] | null>(null);
  const [fault, setFault] = useState('');
  const live = incidents.value.find((one) => one.incidentId === incidentId)?.id ?? '';
  // `live` changes with each record.
  useEffect(() => {
    get<Incident[]>(`/api/incidents/${encodeURIComponent(incidentId)}`).then(setRecords, (error: Error) =>
      setFault(error.message),
    );
  }, [incidentId, live]);
  return { records, fault };
}

/** What the service of an incident says of its inputs, and how far back trainings look. */
function useContext(service: string | undefined): { facts: ServiceFacts | null; inputs: Distribution[] } {
  const [facts, setFacts] = useState<ServiceFacts | null>(null);
  const [inputs, setInputs] = useState<Distribution[]>([]);
  useEffect(() => {
    if (service === undefined) return;
    readService(service).then(
      (found) => setFacts(found.facts),
      () => {},
    );
    readProfiles(service).then(
      (found) =>
        setInputs(found.flatMap(({ distributions }) => distributions.filter(({ role }) => role === 'input'))),
      () => {},
    );
  }, [service]);
  return { facts, inputs };
}

export function IncidentPage({ incidentId }: { incidentId: string }) {
  const { records, fault } = useIncident(incidentId);
  const incident = records?.[0];
  const context = useContext(incident?.service);
  if (incident === undefined)
    return (
      <Page title="Incident">
        <Empty>{fault || 'Reading ...'}</Empty>
      </Page>
    );
  const { service, level, state, summary, muted } = incident;
  const tone = state === 'open' && muted === '' ? LEVEL_TONES[level] : 'none';
  const moved = context.inputs.filter(({ subject }) => incident.inputs.includes(subject));
  return (
    <Page
      title={summary}
      lead={
        <>
          Incident of <a href={hrefOf(['services', service])}>{service}</a>
        </>
      }
      aside={<Badge tone={tone}>{state === 'open' ? level : state}</Badge>}
    >
      <Summary incident={incident} />
      <EvidenceSection incident={incident} />
      {moved.length > 0 && (
        <Section
          title="What moved"
          note={
            <>
              <i class="swatch before" /> reference <i class="swatch now" /> last window
            </>
          }
        >
          <div class="grid">
            {moved.slice(0, INPUTS_SHOWN).map((one) => (
              <article class="card" key={one.subject}>
                <h3>{one.subject}</h3>
                <Histogram of={one} />
              </article>
            ))}
          </div>
        </Section>
      )}
      <Alarms incident={incident} />
      <Data incident={incident} facts={context.facts} />
      <Section title="How it went">
        <ol class="timeline">
          {records!.map((record) => (
            <li key={record.id}>
              <time>{moment(record.atMs)}</time>
              <span>{storyOf(record)}</span>
            </li>
          ))}
        </ol>
      </Section>
    </Page>
  );
}

const storyOf = ({ state, level, firing, notify, muted, summary }: Incident): string => {
  const told =
    notify === '' ? (muted === '' ? 'nobody is told' : `nobody is told: ${muted}`) : `told: ${words(notify)}`;
  return `${state}, ${level}, ${plural(firing, 'alarm')} firing; ${told}. ${summary}`;
};

function Summary({ incident }: { incident: Incident }) {
  const { onsetMs, openedMs, atMs, state, fired, rules, inputs, segments, muted } = incident;
  const whole = segments.filter((segment) => segment !== '*');
  return (
    <Facts
      of={[
        ['Onset', <b>{moment(onsetMs)} UTC</b>],
        ['Noticed', `${span(Math.max(0, openedMs - onsetMs))} later`],
        [state === 'open' ? 'Last change' : 'Over', moment(atMs)],
        ['Alarms so far', plural(fired, 'alarm')],
        ['Rules', rules.join(', ') || 'none'],
        ['Inputs', inputs.join(', ') || 'none'],
        ['Segments', whole.join(', ') || 'the whole traffic'],
        ...(muted === '' ? [] : [['Not told', muted] as const]),
      ]}
    />
  );
}

/** The newest alert of each alarm of the incident, as far as it is known. */
function alertsOf({ service, alarms, rules, onsetMs }: Incident): Alert[] {
  const prints = new Set(alarms.map(({ fingerprint }) => fingerprint));
  const firing = services.value.find(({ name }) => name === service)?.firing ?? [];
  const known = [...firing, ...alerts.value].filter(
    (alert) =>
      alert.service === service &&
      (prints.has(alert.fingerprint) || (rules.includes(alert.rule) && alert.windowEndMs >= onsetMs)),
  );
  const newest = new Map<string, Alert>();
  for (const alert of known) if (!newest.has(alert.fingerprint)) newest.set(alert.fingerprint, alert);
  return [...newest.values()];
}

function EvidenceSection({ incident }: { incident: Incident }) {
  const found = alertsOf(incident).flatMap(({ evidence, fingerprint }) =>
    evidence === null ? [] : [{ evidence, fingerprint }],
  );
  if (found.length === 0) return null;
  return (
    <Section title="Evidence">
      {found.map(({ evidence, fingerprint }) => (
        <Evidence key={fingerprint} evidence={evidence} />
      ))}
    </Section>
  );
}

function Alarms({ incident }: { incident: Incident }) {
  const { alarms, service } = incident;
  if (alarms.length === 0) return null;
  return (
    <Section title="Alarms that fire">
      <ol class="list">
        {alarms.map((alarm) => (
          <AlarmItem key={alarm.fingerprint} service={service} alarm={alarm} />
        ))}
      </ol>
    </Section>
  );
}

function AlarmItem({ service, alarm }: { service: string; alarm: IncidentAlarm }) {
  const tone = alarm.muted === '' ? LEVEL_TONES[alarm.level] : 'none';
  return (
    <li class={`item edge ${tone}`}>
      <div class="item-line">
        <Badge tone={tone}>{alarm.level}</Badge>
        <a class="item-title" href={seriesHref(service, alarm)}>
          {alarm.rule}: {about(alarm)}
        </a>
        <span class="when">since {moment(alarm.sinceMs)}</span>
        {mayCommand.value && alarm.muted === '' && (
          <button
            type="button"
            class="button small"
            aria-label={`Silence ${alarm.rule} ${about(alarm)}`}
            onClick={() => ask(silenceAsk(service, alarm))}
          >
            Silence
          </button>
        )}
      </div>
      <p class="muted small">
        {alarm.reason}
        {alarm.muted !== '' && `; not told: ${alarm.muted}`}
      </p>
    </li>
  );
}

/** Requests for retraining that the alarms of the incident have asked for. */
function requestsOf({ service, alarms, onsetMs }: Incident): Retrain[] {
  const prints = new Set(alarms.map(({ fingerprint }) => fingerprint));
  return requests.value.filter(
    (record) =>
      record.service === service &&
      (record.atMs >= onsetMs || record.triggers.some(({ fingerprint }) => prints.has(fingerprint))),
  );
}

function Data({ incident, facts }: { incident: Incident; facts: ServiceFacts | null }) {
  const { service, onsetMs, atMs, state } = incident;
  const found = requestsOf(incident);
  const latestMs = services.value.find(({ name }) => name === service)?.eventTimeMs ?? atMs;
  const toMs = state === 'open' ? Math.max(atMs, latestMs) : atMs;
  const data = { fromMs: onsetMs - (facts?.lookbackMs ?? 0), toMs, ranges: [] };
  return (
    <Section title="Data to retrain on">
      {found.length > 0 ? (
        <ol class="list">
          {found.map((record) => (
            <RetrainItem key={record.retrainId} record={record} />
          ))}
        </ol>
      ) : (
        <div class="card">
          <DataRange data={data} />
          <p class="muted small">
            {facts?.lookbackMs
              ? `No retraining was asked for. This is what a request would name: from ${span(facts.lookbackMs)} before the onset on.`
              : 'No retraining was asked for. This is the time since the onset.'}
          </p>
        </div>
      )}
    </Section>
  );
}
