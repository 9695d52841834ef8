// A bot on discord.js: it logs in, meets its guild and the people in it, and says a word.
const { Client, GatewayIntentBits } = require("discord.js");
const assert = require("node:assert");

const { SANDBOX, TOKEN, CHANNEL } = process.env;
const intents = [GatewayIntentBits.Guilds, GatewayIntentBits.GuildMembers];
const client = new Client({ intents, rest: { api: `${SANDBOX}/discord/api` } });

client.once("clientReady", async () => {
  try {
    const guild = client.guilds.cache.first();
    const members = await guild.members.fetch();
    assert.equal(members.filter((member) => !member.user.bot).size, 3);
    const listed = await guild.members.list({ limit: 2 });
    assert.equal(listed.size, 2);
    const channel = await client.channels.fetch(CHANNEL);
    const message = await channel.send("hello");
    const edited = await message.edit("hello again");
    assert.equal(edited.content, "hello again");
    console.log("done");
    await client.destroy();
  } catch (error) {
    console.error(error);
    process.exit(1);
  }
});
client.login(TOKEN);
