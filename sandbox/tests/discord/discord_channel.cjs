// A bot on discord.js that gives roles, reacts, pins, and writes through a webhook.
const { Client, Events, GatewayIntentBits, Partials, WebhookClient } = require("discord.js");
const assert = require("node:assert");

const { SANDBOX, TOKEN, CHANNEL } = process.env;
const rest = { api: `${SANDBOX}/discord/api` };
const { Guilds, GuildMembers, GuildMessages, GuildMessageReactions, GuildWebhooks, MessageContent } =
  GatewayIntentBits;
const client = new Client({
  intents: [Guilds, GuildMembers, GuildMessages, GuildMessageReactions, GuildWebhooks, MessageContent],
  partials: [Partials.Message, Partials.Reaction],
  rest,
});

// What the first event that fits is about; of several things, of all of them.
function heard(event, fits = () => true) {
  return new Promise((resolve) => {
    client.on(event, (...about) => fits(...about) && resolve(about));
  });
}

async function person(name, path, body) {
  const answer = await fetch(`${SANDBOX}/control/discord${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ user: name, ...body }),
  });
  assert.equal(answer.status, 201, await answer.clone().text());
  return answer.json();
}

async function roles(guild) {
  const role = await guild.roles.create({ name: "Trader", colors: { primaryColor: 0x123456 } });
  assert.equal(role.color, 0x123456);
  const ada = (await guild.members.fetch()).find((member) => member.user.username === "ada");
  const updated = heard(Events.GuildMemberUpdate);
  await ada.roles.add(role);
  assert.ok((await updated)[1].roles.cache.has(role.id));
  await ada.roles.set([]);
  assert.ok(!(await ada.fetch(true)).roles.cache.has(role.id));
  assert.equal((await role.setName("Seller")).name, "Seller");
  const own = guild.roles.botRoleFor(client.user);
  assert.ok(own.managed && !role.managed);
  await assert.rejects(own.delete(), { code: 50028 });
  const gone = heard(Events.GuildRoleDelete);
  await role.delete();
  await gone;
}

async function reactions(channel) {
  const said = await person("ada", "/messages", { channel: channel.id, content: "deal?" });
  const message = await channel.messages.fetch(said.id);
  await message.react("👍");
  const theirs = heard(Events.MessageReactionAdd, (_, user) => user.id !== client.user.id);
  await person("bob", "/reactions", { message_id: said.id, emoji: "👍" });
  const [reaction, user] = await theirs;
  assert.equal(reaction.count, 2);
  const bob = await user.fetch();
  assert.equal(bob.username, "bob");
  const who = await reaction.users.fetch();
  assert.equal(who.size, 2);
  await reaction.users.remove(bob);
  await reaction.users.remove(client.user);
  await assert.rejects(message.react("<:custom:123>"), { code: 10014 });
  await message.reactions.removeAll();
  assert.equal((await message.fetch(true)).reactions.cache.size, 0);
  return message;
}

async function pins(channel, message) {
  const told = heard(Events.ChannelPinsUpdate);
  await message.pin();
  await told;
  const { items, hasMore } = await channel.messages.fetchPins();
  assert.deepEqual([items.map((item) => item.message.id), hasMore], [[message.id], false]);
  await message.unpin();
  assert.equal((await channel.messages.fetchPins()).items.length, 0);
}

async function webhooks(channel) {
  const told = heard(Events.WebhooksUpdate);
  const made = await channel.createWebhook({ name: "Prices" });
  await told;
  assert.equal((await channel.fetchWebhooks()).first().id, made.id);
  const hook = new WebhookClient({ id: made.id, token: made.token }, { rest });
  const written = heard(Events.MessageCreate, (message) => message.webhookId === made.id);
  const sent = await hook.send({ content: "42.00", username: "Broker" });
  const [message] = await written;
  assert.deepEqual([message.id, message.author.username, message.webhookId], [sent.id, "Broker", made.id]);
  assert.equal((await hook.editMessage(sent.id, "43.00")).content, "43.00");
  await hook.deleteMessage(sent.id);
  await assert.rejects(hook.fetchMessage(sent.id), { code: 10008 });
  await hook.delete();
  await assert.rejects(hook.send("gone"), { code: 10015 });
}

client.once(Events.ClientReady, async () => {
  try {
    const channel = await client.channels.fetch(CHANNEL);
    await roles(channel.guild);
    await pins(channel, await reactions(channel));
    await webhooks(channel);
    console.log("done");
    await client.destroy();
  } catch (error) {
    console.error(error);
    process.exit(1);
  }
});
client.login(TOKEN);
