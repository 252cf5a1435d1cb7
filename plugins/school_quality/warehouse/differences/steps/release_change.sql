-- The record of what a release changes, empty in the first one.
create table new.meta.release_change (
    release_id varchar,
    school_id varchar,
    period varchar,
    indicator_code varchar,
    what varchar,
    before varchar,
    after varchar,
    cause varchar,
    file_id varchar,
    causes varchar[],
    file_ids varchar[]
);

comment on table new.meta.release_change is
'What this release says otherwise than the one before it. One row per cell that differs.';
comment on column new.meta.release_change.release_id is 'This release';
comment on column new.meta.release_change.school_id is 'School; null where a whole reporting year came or went';
comment on column new.meta.release_change.period is 'Period or reporting year';
comment on column new.meta.release_change.indicator_code is 'Indicator; null for identification and procedures';
comment on column new.meta.release_change.what is
'Column that differs, /component or /procedure; school, reporting_year: came or went as a whole';
comment on column new.meta.release_change.before is 'In the release before';
comment on column new.meta.release_change.after is 'In this release';
comment on column new.meta.release_change.cause is
'new_file, corrected_file, withdrawn_file, reread_file, methodology, code, as_of, reporting_year; '
'several that are possible are joined by |';
comment on column new.meta.release_change.file_id is 'File that caused it, where only one can have';
comment on column new.meta.release_change.causes is 'The same as cause, as a list';
comment on column new.meta.release_change.file_ids is 'Files that can have caused it';
