-- One table for all tenants. The policy shows each transaction the rows of the tenant whose id is in app.tenant.
create table orders (
  id bigint primary key,
  tenant text not null,
  region text not null,
  placed_on date not null,
  total numeric(12, 2) not null
);
create index on orders (tenant, placed_on);
alter table orders enable row level security;
alter table orders force row level security;
create policy of_tenant on orders using (tenant = current_setting('app.tenant', true));

create table currencies (code text primary key);

-- The role of the server: it reads, and owns nothing.
create role analytics login nosuperuser nobypassrls;
grant select on orders, currencies to analytics;
